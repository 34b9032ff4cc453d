// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import TestSupport

/// Fills buckets with what backups get wrong.
struct AwkwardBucket {
    private var random: SeededGenerator
    private var keys: AwkwardKeys

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        keys = AwkwardKeys(seed: seed)
    }

    /// Keys that meet the archive's own names, and others that ``AwkwardKeys`` leaves out.
    static let meetingKeys: [ObjectKey] = [
        ".backup_metadata.json", "a/.backup_metadata.json", ".holdfast", ".holdfast/catalog.db", ".holdfast/index",
        ".holdfast/keys/a", ".holdfast/keys/%2Fa", "a", "a/", "a//", "a/b", "a/b/", "a/b/c", "a!", "/", "//", "/a",
        ".", "..", "./a", "../a", "../../etc/passwd", "/etc/passwd", "a/..", "a/../b", "-rf", "~", "\u{0}", "a\u{0}b",
        "cafe\u{301}", "caf\u{e9}",
    ].map { ObjectKey($0) }

    static let bytesKeys: [ObjectKey] = [
        [0xff], [0x61, 0xff, 0xfe], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0x80], [0xf8, 0x88, 0x80, 0x80, 0x80],
        Array(repeating: UInt8(ascii: "k"), count: 1024), Array(repeating: 0xff, count: 1024),
        Array(repeating: UInt8(ascii: "/"), count: 1024),
    ].map { ObjectKey($0) }

    /// Stores the known keys, `count` random ones, and `sizes` bytes under keys of their own.
    mutating func fill(_ store: any ObjectStore, random count: Int, sizes: [Int] = []) async throws {
        let all = Set(keys.known + Self.meetingKeys + Self.bytesKeys + keys.random(count))
        for key in all.sorted() {
            try await store.put(key, content(Int.random(in: 0...700, using: &random)), attributes())
        }
        for size in sizes { try await store.put("sizes/\(size)", content(size), attributes()) }
    }

    /// Bytes that shrink, or do not.
    private mutating func content(_ count: Int) -> [UInt8] {
        if Bool.random(using: &random) { return random.bytes(count) }
        return Array(repeating: UInt8.random(in: 0...255, using: &random), count: count)
    }

    private mutating func attributes() -> ObjectAttributes {
        var attributes = ObjectAttributes()
        for name in ObjectAttributes.systemHeaders where Int.random(in: 0..<3, using: &random) == 0 {
            attributes.headers.append(Field(name, "x/y; z=\"1\", gzip \(random.next())"))
        }
        for index in 0..<Int.random(in: 0...3, using: &random) {
            attributes.metadata.append(Field("field-\(index)", random.bytes(Int.random(in: 0...40, using: &random))))
        }
        for index in 0..<Int.random(in: 0...2, using: &random) {
            attributes.tags.append(Tag("tag \(index) + - = . _ : / @ %", "ü = \(random.next())"))
        }
        if Int.random(in: 0..<4, using: &random) == 0 { attributes.storageClass = "STANDARD_IA" }
        return attributes
    }
}
