// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// The uploads that a restore begins are ended by it, or by the next one; those of others are left alone.
@Suite struct LeftUploadTests {
    private static let key = ObjectKey("large")

    private static func with(_ body: (Scene, any ObjectStore, UploadID) async throws -> Void) async throws {
        try await Scene.with { scene in
            try await scene.store.put("large", [UInt8](repeating: 1, count: 17 << 20))
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let target = scene.source.store(for: "target")
            let foreign = try await target.createUpload(key, PutOptions())
            _ = try await target.uploadPart(key, foreign, number: 1, ReplayableBody(ByteBuffer(bytes: [1])))
            try await body(scene, target, foreign)
            #expect(try await target.uploads(prefix: []).map(\.upload) == [foreign])
            #expect(try Self.records(scene).isEmpty)
        }
    }

    private static func records(_ scene: Scene) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scene.root.appending("state/uploads").string)
    }

    @Test func nothingIsLeftOfOneThatSucceeds() async throws {
        try await Self.with { scene, _, _ in
            let report = try await scene.restore()
            #expect(report.complete && report.warnings.isEmpty)
        }
    }

    /// As if it had been killed: neither the upload nor its record is tidied up.
    @Test(arguments: [true, false])
    func whatAFailedOneLeftIsAbortedByTheNext(isSameBucket: Bool) async throws {
        try await Self.with { scene, target, _ in
            let faulty = FaultyObjectStore(
                target,
                [
                    .on(.uploadPart, key: "large", call: 2, .fail(.denied)),
                    .on(.abortUpload, key: "large", .fail(.denied)),
                ])
            var service = AlteredService(scene.source)
            service.stores["target"] = faulty
            #expect(try await !scene.restore(at: service).complete)
            #expect(try await target.uploads(prefix: []).count == 2)
            #expect(try Self.records(scene).count == 1)
            if !isSameBucket {
                // Its record is for a restore into its own bucket, on its own server.
                #expect(try await scene.restore(into: "other").warnings.isEmpty)
                var elsewhere = AlteredService(scene.source)
                elsewhere.name = "http://elsewhere"
                #expect(try await scene.restore(at: elsewhere, options: .init(dryRun: true)).warnings.isEmpty)
                #expect(try Self.records(scene).count == 1)
            }
            let report = try await scene.restore()
            #expect(report.complete && report.restoredCount == 1)
            #expect(
                report.warnings == [
                    "A restore into target that was killed had left an unfinished upload: it was aborted."
                ])
        }
    }

    /// What cannot be aborted is told, and does not keep the objects from being restored.
    @Test func whatCannotBeAbortedIsTold() async throws {
        try await Self.with { scene, target, _ in
            let refusals = [Fault.on(.abortUpload, key: "large", calls: 1...2, .fail(.denied))]
            let first = [Fault.on(.uploadPart, key: "large", call: 2, .fail(.denied))]
            var service = AlteredService(scene.source)
            service.stores["target"] = FaultyObjectStore(target, refusals + first)
            #expect(try await !scene.restore(at: service).complete)
            let report = try await scene.restore(at: service)
            #expect(report.complete && report.restoredCount == 1)
            #expect(report.warnings.count == 1 && report.warnings[0].contains("cannot be aborted: access denied"))
            #expect(try Self.records(scene).count == 1)
            var options = RestoreRun.Options()
            options.overwrite = .always
            #expect(try await scene.restore(at: service, options: options).warnings.count == 1)
        }
    }

    /// A line that was cut short has no part behind it, and a file may hold anything.
    @Test func aDamagedRecordHarmsNothing() async throws {
        try await Self.with { scene, _, _ in
            let folder = scene.root.appending("state/uploads").string
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let texts = ["", "\n", "{\"server\":\"x\",\"buck", "\u{0}\u{1}", "{}\n[]\nnull\n"]
            for (number, text) in texts.enumerated() {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
            }
            let report = try await scene.restore()
            #expect(report.complete && report.warnings.isEmpty)
        }
    }
}
