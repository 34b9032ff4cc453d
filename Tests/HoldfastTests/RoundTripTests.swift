// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// What is backed up comes back as it was.
@Suite struct RoundTripTests {
    static let smallSizes = [0, 1, 511, 512, 513, 1023, 1024, 1025, 10_240]
    /// Around the archive's frames, the whole reads and the multipart writes, and of several ranges and parts.
    static let largeSizes = [1 << 20, 8 << 20, (8 << 20) - 1, (8 << 20) + 1, (16 << 20) + 1, 20 << 20]

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64], ArchiveCodec.allCases)
    func awkwardKeysComeBack(seed: UInt64, codec: ArchiveCodec) async throws {
        var options = InMemoryOptions()
        options.order = seed.isMultiple(of: 2) ? .bytes : .directories
        options.pageLimit = seed.isMultiple(of: 3) ? 1000 : 7
        try await Scene.with(options) { scene in
            var bucket = AwkwardBucket(seed: seed)
            try await bucket.fill(scene.store, random: 60, sizes: Self.smallSizes)
            try await expectRoundTrip(scene, codec, .fast)
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func largeObjectsComeBack(codec: ArchiveCodec) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 1)
            for size in Self.largeSizes {
                // Half of it shrinks, so that both kinds of frames are in the archive.
                let bytes = random.bytes(size / 2) + [UInt8](repeating: 7, count: size - size / 2)
                let attributes = ObjectAttributes(
                    headers: [Field("content-encoding", "gzip")], metadata: [Field("size", "\(size)")],
                    tags: [Tag("size", "\(size)")])
                try await scene.store.put("large/\(size)", bytes, attributes)
            }
            try await expectRoundTrip(scene, codec, .fast)
        }
    }

    @Test(arguments: ArchiveCodec.allCases, CompressionLevel.allCases)
    func everyLevelBringsTheSameBytesBack(codec: ArchiveCodec, level: CompressionLevel) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 42)
            try await bucket.fill(scene.store, random: 10, sizes: Self.smallSizes + [300_000])
            try await expectRoundTrip(scene, codec, level)
        }
    }

    private func expectRoundTrip(_ scene: Scene, _ codec: ArchiveCodec, _ level: CompressionLevel) async throws {
        let before = try await BucketContents(of: scene.store)
        let report = try await scene.backUp(codec: codec, compression: level)
        #expect(report.complete)
        #expect(report.listedCount == before.objects.count)
        #expect(report.storedCount == before.objects.count)
        #expect(report.totalBytes == before.objects.values.reduce(0) { $0 + Int64($1.bytes.readableBytes) })
        #expect(report.degraded.isEmpty)

        let restored = try await scene.restore()
        #expect(restored.complete)
        #expect(restored.bucketCreated)
        #expect(restored.restoredCount == before.objects.count)
        let after = try await BucketContents(of: scene.source.store(for: "target"))
        #expect(before.differences(from: after) == [])
        #expect(after.differences(from: before) == [])
        #expect(try await BucketContents(of: scene.store).differences(from: before) == [])
    }

    @Test func eachCopyAloneIsEnough() async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 7)
            try await bucket.fill(scene.store, random: 10, sizes: [100_000])
            let before = try await BucketContents(of: scene.store)
            try await scene.backUp()
            for (number, copy) in scene.vault.copies.enumerated() {
                let target = "from-copy-\(number)"
                try await scene.restore(from: Vault(copies: [copy]), into: target)
                let after = try await BucketContents(of: scene.source.store(for: target))
                #expect(before.differences(from: after) == [])
            }
        }
    }

    @Test func aMultipartObjectComesBack() async throws {
        try await Scene.with { scene in
            let parts = [[UInt8](repeating: 1, count: 70_000), [UInt8](repeating: 2, count: 30_000)]
            let attributes = ObjectAttributes(metadata: [Field("made-of", "parts")], tags: [Tag("a", "b")])
            let key = ObjectKey("parts")
            let upload = try await scene.store.createUpload(key, PutOptions(attributes: attributes))
            var done: [UploadedPart] = []
            for (index, part) in parts.enumerated() {
                done.append(
                    try await scene.store.uploadPart(
                        key, upload, number: index + 1, ReplayableBody(ByteBuffer(bytes: part))))
            }
            _ = try await scene.store.completeUpload(key, upload, done, ifAbsent: false)
            try await expectRoundTrip(scene, .gzip, .fast)
        }
    }

    @Test(arguments: ["a=b", "a%3Db", "=", "100 %", "ключ", "a\nb"])
    func tagNamesComeBack(name: String) async throws {
        try await Scene.with { scene in
            try await scene.store.put("x", [1], ObjectAttributes(tags: [Tag(name, "v"), Tag(name + "2", "")]))
            try await expectRoundTrip(scene, .gzip, .fast)
        }
    }
}
