// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Plain `tar` brings a backup back without Holdfast, and nothing it brings lies outside (format, I2 and I7).
@Suite struct ExtractionTests {
    @Test(arguments: ArchiveCodec.allCases)
    func tarExtractsEveryKeyAtItsPathAndNothingOutside(codec: ArchiveCodec) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 11)
            try await bucket.fill(scene.store, random: 60, sizes: RoundTripTests.smallSizes + [2 << 20, 9 << 20])
            let before = try await BucketContents(of: scene.store)
            let report = try await scene.backUp(codec: codec)
            let folder = scene.root.appending("outer").appending("inner")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            let archive = scene.archives.appending(report.file)
            try await Tool(name: "tar", directory: folder).run(
                "--extract", codec == .gzip ? "--gzip" : "--zstd", "--file", archive.string)

            let files = try await found(below: folder)
            let backup = try await scene.open()
            var expected: Set<[UInt8]> = [
                Array(".backup_metadata.json".utf8), Array(".holdfast/catalog.db".utf8), Array(".holdfast/index".utf8),
            ]
            for (key, seen) in before.objects {
                let member = try #require(try await backup.object(key.bytes).member)
                if MemberName.isSafePath(key.bytes), !meets(key, before) { #expect(member == key.bytes) }
                #expect(files.contains(member), "\(key) is not where it should be")
                let path = folder.appending(String(decoding: member, as: UTF8.self))
                #expect(try ByteBuffer(bytes: bytes(of: path)) == seen.bytes, "\(key) has other bytes")
                expected.insert(member)
            }
            #expect(files == expected)
            #expect(names(in: scene.root.appending("outer")) == ["inner"])
        }
    }

    /// Whether one of two keys is a folder of the other, so that a file system cannot hold both.
    private func meets(_ key: ObjectKey, _ bucket: BucketContents) -> Bool {
        bucket.objects.keys.contains { other in
            other.bytes.starts(with: key.bytes + [UInt8(ascii: "/")])
                || key.bytes.starts(with: other.bytes + [UInt8(ascii: "/")])
        }
    }

    /// Every file below a folder, as bytes: two names that differ in their Unicode form are two files.
    private func found(below folder: FilePath) async throws -> Set<[UInt8]> {
        let output = try await Tool(name: "find", directory: folder.removingLastComponent()).run(
            folder.string, "-not", "-type", "d", "-printf", "%P\\0")
        return Set(output.split(separator: 0).map(Array.init))
    }

    @Test func tarReadsHeadersAndMetadataAsExtendedAttributes() async throws {
        try await Scene.with { scene in
            let attributes = ObjectAttributes(
                headers: [Field("content-type", "text/x-test")], metadata: [Field("owner", "Ümit")])
            try await scene.store.put("x", [1], attributes)
            let report = try await scene.backUp()
            let listing = try await Tool(name: "tar", directory: scene.root).run(
                "--list", "--verbose", "--verbose", "--xattrs", "--file", scene.archives.appending(report.file).string)
            let text = String(decoding: listing, as: UTF8.self)
            #expect(text.contains("x: 11 user.content-type"))
            #expect(text.contains("x: 5 user.owner"))
        }
    }

    @Test func theCatalogIsReadBySQLite() async throws {
        try await Scene.with { scene in
            try await scene.store.put("x", [1, 2, 3])
            let report = try await scene.backUp()
            try await Tool(name: "tar", directory: scene.root).run(
                "--extract", "--file", scene.archives.appending(report.file).string, ".holdfast/catalog.db")
            let rows = try await Tool(name: "sqlite3", directory: scene.root).run(
                ".holdfast/catalog.db", "SELECT CAST(key AS TEXT), size FROM objects")
            #expect(String(decoding: rows, as: UTF8.self) == "x|3\n")
        }
    }
}
