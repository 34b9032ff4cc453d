// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// A store that answers nothing any more once a certain object was asked for.
struct TrippingStore: ForwardingStore {
    let base: any ObjectStore
    let key: ObjectKey
    private let isDead = Guarded(false)
    private let reads = Guarded<[ObjectKey]>([])

    init(_ base: any ObjectStore, at key: String = "") {
        self.base = base
        self.key = ObjectKey(key)
    }

    /// The keys that were read so far, in order.
    var read: [ObjectKey] { reads.value }

    func meet<Value: Sendable>(_ request: () async throws -> Value) async throws -> Value {
        guard !isDead.value else { throw ObjectStoreError.brokenConnection }
        return try await request()
    }

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        reads.with { $0.append(key) }
        if key == self.key { isDead.with { $0 = true } }
        return try await meet { try await base.get(key, options) }
    }
}

extension Scene {
    /// A checkpoint after each MiB.
    static let often = CheckpointRule(bytes: 1 << 20)

    /// Stores objects named `o000`, `o001`, … of noise.
    func fillWithNoise(_ count: Int = 100, from first: Int = 0, size: Int = 100_000) async throws {
        var random = SeededGenerator(seed: UInt64(first + 3))
        for number in first..<count { try await store.put(Self.noiseKey(number), random.bytes(size)) }
    }

    static func noiseKey(_ number: Int) -> String { "o" + String(String(1000 + number).dropFirst()) }

    @discardableResult
    func run(
        _ name: String = "first", from store: (any ObjectStore)? = nil, to vault: Vault? = nil,
        options: BackupRun.Options = BackupRun.Options(isFull: true), isNameChosen: Bool = true,
        checkpoints: CheckpointRule = often, services: SystemServices = .live
    ) async throws -> BackupReport {
        var service = AlteredService(source)
        if let store { service.stores[Self.bucket] = store }
        var run = BackupRun(
            bucket: Self.bucket, name: try BackupName(name), source: service, vault: vault ?? self.vault,
            options: options, environment: environment(services))
        run.isNameChosen = isNameChosen
        run.checkpoints = checkpoints
        return try await run.run()
    }

    /// Runs a backup whose source is gone when most objects are packed, after several checkpoints.
    func interrupt(
        _ name: String = "first", to vault: Vault? = nil, at key: String = noiseKey(90),
        options: BackupRun.Options = BackupRun.Options(isFull: true), services: SystemServices = .live,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let source = TrippingStore(store, at: key)
        await expectError(.unreachable, sourceLocation: sourceLocation) {
            _ = try await run(name, from: source, to: vault, options: options, services: services)
        }
        #expect(interruptedFiles.filter { $0.hasSuffix(".db") }.count >= 1, sourceLocation: sourceLocation)
    }

    /// The files of journals.
    var interruptedFiles: [String] { names(in: root.appending("state").appending("interrupted")) }

    /// No traces of an interrupted backup: journals, partial files, uploads, locks, working files.
    func expectNoTraces(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(interruptedFiles == [], sourceLocation: sourceLocation)
        #expect(names(in: archives).filter { $0.hasPrefix(".") } == [], sourceLocation: sourceLocation)
        #expect(names(in: root.appending("vault").appending("locks")).isEmpty, sourceLocation: sourceLocation)
        #expect(names(in: root.appending("state").appending("work")).isEmpty, sourceLocation: sourceLocation)
        if try await vaultService.bucketExists("backups") {
            let uploads = try await vaultService.store(for: "backups").uploads(prefix: [])
            #expect(uploads.count == 0, sourceLocation: sourceLocation)
        }
    }

    /// The backup, restored, is the bucket.
    func expectRestoredIsSource(
        _ name: String = "first", in vault: Vault? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let target = "target-\(UUID().uuidString.lowercased())"
        let report = try await restore(name, from: vault, into: target)
        #expect(report.complete, sourceLocation: sourceLocation)
        let differences = try await BucketContents(of: source.store(for: target))
            .differences(from: BucketContents(of: store))
        #expect(differences == [], sourceLocation: sourceLocation)
    }
}
