// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

extension Scene {
    /// The source with faults; the store tells what it was asked.
    func source(_ faults: Fault...) -> (service: any StorageService, store: FaultyObjectStore) {
        let faulty = FaultyObjectStore(store, faults)
        var service = AlteredService(source)
        service.stores[Self.bucket] = faulty
        return (service, faulty)
    }

    /// Stores `count` objects named `o00`, `o01`, … that hold their own names.
    func fill(_ count: Int) async throws {
        for number in 0..<count {
            let key = "o\(number < 10 ? "0" : "")\(number)"
            try await store.put(key, Array(key.utf8))
        }
    }

    /// No copy has a backup or the traces of one: archives, partial files, uploads, locks, working files.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(names(in: archives).isEmpty, sourceLocation: sourceLocation)
        #expect(names(in: root.appending("vault").appending("locks")).isEmpty, sourceLocation: sourceLocation)
        #expect(names(in: root.appending("state").appending("work")).isEmpty, sourceLocation: sourceLocation)
        if try await vaultService.bucketExists("backups") {
            let store = vaultService.store(for: "backups")
            #expect(try await store.keys() == [], sourceLocation: sourceLocation)
            #expect(try await store.uploads(prefix: []).count == 0, sourceLocation: sourceLocation)
        }
        #expect(try await list().backups.count == 0, sourceLocation: sourceLocation)
    }

    /// The report, the metadata and the catalog of a backup name the same exceptions, as `[key: reason]`, and the
    /// backup is not called complete.
    func expectExceptions(
        _ expected: [String: String], in report: BackupReport, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(!report.complete, sourceLocation: sourceLocation)
        #expect(report.exceptionCount == expected.count, sourceLocation: sourceLocation)
        #expect(reasons(report.exceptions) == expected, sourceLocation: sourceLocation)
        #expect(report.exceptions.allSatisfy { !$0.message.isEmpty }, sourceLocation: sourceLocation)

        let backup = try await open(report.name)
        #expect(backup.metadata?.complete == false, sourceLocation: sourceLocation)
        #expect(backup.metadata?.exceptions == expected.count, sourceLocation: sourceLocation)
        #expect(backup.metadata?.objectCount == report.listedCount, sourceLocation: sourceLocation)
        #expect(backup.metadata?.storedCount == report.storedCount, sourceLocation: sourceLocation)
        let rows = try await backup.catalog.exceptions().map { ("\(ObjectKey($0.key))", $0.reason) }
        #expect(Dictionary(rows) { first, _ in first } == expected, sourceLocation: sourceLocation)

        let summary = try #require(
            try await list().backups.first { $0.name == report.name }, sourceLocation: sourceLocation)
        #expect(summary.complete == false, sourceLocation: sourceLocation)
        #expect(summary.exceptionCount == expected.count, sourceLocation: sourceLocation)
    }

    private func reasons(_ exceptions: [ExceptionReport]) -> [String: String] {
        Dictionary(exceptions.map { ($0.key, $0.reason) }) { first, _ in first }
    }
}

/// Expects a ``HoldfastError`` of a kind that says what to do.
@discardableResult
func expectError(
    _ code: HoldfastError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> HoldfastError? {
    let error = await #expect(throws: HoldfastError.self, sourceLocation: sourceLocation) { try await body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(error?.message.isEmpty == false, sourceLocation: sourceLocation)
    return error
}

extension ObjectStoreError {
    static let denied = ObjectStoreError(.accessDenied, "access denied", status: 403, serverCode: "AccessDenied")
    static let gone = ObjectStoreError(.notFound, "no such key", status: 404, serverCode: "NoSuchKey")
    static let unimplemented = ObjectStoreError(
        .notImplemented, "not implemented", status: 501, serverCode: "NotImplemented")
    static let archived = ObjectStoreError(
        .unreadable, "it lies in an archive tier", status: 403, serverCode: "InvalidObjectState")
}
