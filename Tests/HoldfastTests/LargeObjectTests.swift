// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// Large objects are read by ranges, and never a mixture of two.
@Suite struct LargeObjectTests {
    static let old = [UInt8](repeating: 1, count: 20 << 20)
    static let new = [UInt8](repeating: 2, count: (17 << 20) + 5)

    private func withLargeObject(
        _ faults: [Fault], _ body: (Scene, any StorageService) async throws -> Void
    ) async throws {
        try await Scene.with { scene in
            try await scene.store.put("before", [1])
            try await scene.store.put("large", Self.old)
            try await scene.store.put("small", [3])
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = FaultyObjectStore(scene.store, faults)
            try await body(scene, service)
        }
    }

    /// A server that forgets the tags that an upload is created with, as Ceph and MiniStack do.
    private struct ForgetfulStore: ForwardingStore {
        let base: any ObjectStore
        /// Whether it forgets those that are set afterwards too.
        let keepsNone: Bool

        func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
            var options = options
            options.attributes.tags = []
            return try await base.createUpload(key, options)
        }

        func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
            if case .tags = setting, keepsNone { return }
            try await base.apply(setting, to: key, version: version)
        }
    }

    @Test(arguments: [false, true])
    func tagsThatAnUploadForgetsAreSetAgain(keepsNone: Bool) async throws {
        try await Scene.with { scene in
            let tags = [ObjectStorage.Tag("colour", "red")]
            try await scene.store.put("large", Self.old, ObjectAttributes(tags: tags))
            try await scene.backUp()
            var service = AlteredService(scene.source)
            let target = scene.source.store(for: "target")
            service.stores["target"] = ForgetfulStore(base: target, keepsNone: keepsNone)
            let report = try await scene.restore(at: service)
            #expect(report.complete == !keepsNone && report.restoredCount == (keepsNone ? 0 : 1))
            #expect(try await target.tags(of: ObjectKey("large"), version: nil) == (keepsNone ? [] : tags))
        }
    }

    /// The ETag of an upload in parts is a digest of theirs: with parts of other sizes a restored object would look
    /// changed for ever.
    @Test(arguments: [5, 8, 16])
    func partsOfAUsualSizeGiveTheSameETagAgain(mebibytes: Int) async throws {
        try await Scene.with { scene in
            let key = ObjectKey("parts")
            let upload = try await scene.store.createUpload(key, PutOptions())
            var parts: [UploadedPart] = []
            var left = 20 << 20 + 3
            while left > 0 {
                let bytes = [UInt8](repeating: UInt8(parts.count), count: min(left, mebibytes << 20))
                let body = ReplayableBody(ByteBuffer(bytes: bytes))
                parts.append(try await scene.store.uploadPart(key, upload, number: parts.count + 1, body))
                left -= bytes.count
            }
            let before = try await scene.store.completeUpload(key, upload, parts, ifAbsent: false)
            #expect(try await scene.backUp().complete)
            try await scene.restore()
            let after = try await scene.source.store(for: "target").head(key, version: nil)
            #expect(after.etag == before.etag && before.etag.hasSuffix("-\(parts.count)"))
        }
    }

    /// A listing tells the ETag alone, which other parts of the same bytes change as well.
    @Test(arguments: [("x", 3, ["etag"]), ("x-3", 3, ["etag"]), ("x-2", 3, ["content"]), ("x-3", 4, ["content"])])
    func otherPartsMayBeTheSameContent(etag: String, size: Int64, parts: [String]) async throws {
        try await withTemporaryDirectory { root in
            func catalog(_ etag: String, _ size: Int64) async throws -> CatalogReader {
                let path = root.appending("\(etag) \(size)")
                let writer = try await CatalogWriter.create(at: path)
                let row = ListedObject(key: [1], size: size, etag: etag, lastModified: 0)
                _ = try await writer.list([row])
                try await writer.store([CatalogObject(listed: row)])
                _ = try await writer.finish()
                return try await CatalogReader.open(at: path)
            }
            var found: [String] = []
            let diff = BackupDiff(
                before: try await catalog("y-2", 3), after: try await catalog(etag, size), comparesAttributes: false)
            #expect(try await diff.run { found = $0.parts } == 0)
            #expect(found == parts)
        }
    }

    @Test(arguments: [1, 2, 3])
    func aChangeInTheMiddleIsReadAgain(range: Int) async throws {
        let fault = Fault.on(.get, key: "large", call: range, .replace(Self.new))
        try await withLargeObject([fault]) { scene, source in
            let report = try await scene.backUp(from: source)
            #expect(report.complete)
            #expect(report.changedCount == 1)
            #expect(try await scene.verify(.contents).isSound)
            try await scene.restore()
            let target = scene.source.store(for: "target")
            let body = try await target.get(ObjectKey("large"), GetOptions())
            #expect(try await body.bytes.collect(upTo: 1 << 25) == ByteBuffer(bytes: Self.new))
            #expect(try await target.keys() == ["before", "large", "small"])
        }
    }

    @Test func aChangeBetweenListingAndReadingIsRead() async throws {
        let fault = Fault.on(.head, key: "large", call: 1, .replace([7, 7]))
        try await withLargeObject([fault]) { scene, source in
            let report = try await scene.backUp(from: source)
            #expect(report.complete)
            #expect(report.changedCount == 1)
            #expect(try await scene.open().object(Array("large".utf8)).size == 2)
        }
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        let reason: String
        let fault: Fault
        var testDescription: String { reason }
    }

    static let losses = [
        Loss(reason: "vanished", fault: .on(.head, key: "large", .vanish)),
        Loss(reason: "vanished", fault: .on(.get, key: "large", call: 2, .vanish)),
        Loss(reason: "denied", fault: .on(.get, key: "large", call: 3, .fail(.denied))),
        Loss(reason: "failed", fault: .on(.get, key: "large", call: 2, .fail(.internalError))),
        Loss(reason: "failed", fault: .on(.get, key: "large", call: 2, .truncateBody(to: 5))),
        Loss(reason: "corrupt", fault: .on(.get, key: "large", call: 2, .flipBit(at: 77))),
        Loss(reason: "failed", fault: .on(.head, key: "large", .claim(size: 1 << 50))),
        Loss(reason: "failed", fault: .on(.head, key: "large", .claim(size: .max))),
        Loss(reason: "failed", fault: .on(.head, key: "large", .claim(size: 9 << 20))),
    ]

    @Test(arguments: losses)
    func whatCannotBeReadWholeIsAnException(loss: Loss) async throws {
        try await withLargeObject([loss.fault]) { scene, source in
            let report = try await scene.backUp(from: source)
            try await scene.expectExceptions(["large": loss.reason], in: report)
            #expect(report.storedCount == 2)
            for depth in VerifyDepth.allCases { #expect(try await scene.verify(depth).isSound) }
            #expect(try await scene.restore().restoredCount == 2)
            #expect(try await scene.source.store(for: "target").keys() == ["before", "small"])
        }
    }

    @Test(arguments: [Int64.max, Int64.max - 1, 1 << 62])
    func sizesThatNoServerHasDoNotCrash(size: Int64) async throws {
        let faults = [Fault.on(.list, .claim(size: size))]
        try await withLargeObject(faults) { scene, source in
            let report = try await scene.backUp(from: source)
            #expect(report.complete)
            #expect(report.totalBytes == Int64(Self.old.count + 2))
        }
    }

    @Test func aChangeWithEveryReadingIsAnException() async throws {
        let count = Guarded(0)
        let change = Fault.Effect.run { store in
            let number = count.with { count in
                count += 1
                return count
            }
            try await store.put("large", [UInt8](repeating: UInt8(number), count: 9 << 20))
        }
        try await withLargeObject([.on(.get, key: "large", change)]) { scene, source in
            let report = try await scene.backUp(from: source)
            try await scene.expectExceptions(["large": "changed"], in: report)
            #expect(count.value < 40)
        }
    }
}
