// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import ObjectStorage

/// In parts of which size an object was uploaded. Its ETag is the MD5 of the MD5s of its parts, so that it is the same
/// again only if it is uploaded so again, and so that no size need be believed: the ETag proves it.
enum PartSizes {
    /// The largest that a restore writes again: a part is held in memory.
    static let largest: Int64 = 64 << 20
    /// What S3 demands of every part but the last; servers that take smaller ones are not the rule.
    static let smallest: Int64 = 5 << 20
    /// Sizes that are tried on one content: each costs an MD5 of all of it.
    private static let limit = 3

    /// aws and boto3, mc and Holdfast, rclone and many more, s3cmd, the Java SDK, Hadoop, s5cmd, and what is left.
    private static let usual: [Int64] = {
        let first: [Int64] = [8, 16, 5, 15, 10, 64, 50, 32, 20, 25]
        return (first + (5...64).filter { !first.contains($0) }).map { $0 << 20 }
    }()

    /// The sizes that may have made an object, the likeliest first; empty when its ETag is not one of parts.
    ///
    /// - Parameter first: bytes of the first part, where the server told them.
    static func candidates(of info: ObjectInfo, first: Int64?) -> [Int64] {
        guard !info.isETagOpaque, let count = count(in: info.etag) else { return [] }
        if count == 1 { return [info.size] }
        if let first, first < info.size { return fits(first, count: count, size: info.size) ? [first] : [] }
        return Array(usual.lazy.filter { fits($0, count: count, size: info.size) }.prefix(limit))
    }

    /// Whether a server is to be asked for the size of the first part: of one part alone it is the object's.
    static func isWorthAsking(_ info: ObjectInfo) -> Bool {
        !info.isETagOpaque && count(in: info.etag).map { $0 > 1 } ?? false
    }

    /// The size that made a content in memory; `nil` when none of the candidates did.
    static func proven(_ content: ByteBuffer, _ info: ObjectInfo, first: Int64?) -> Int64? {
        candidates(of: info, first: first).first { size in
            var digest = PartsDigest(partSize: size)
            content.withUnsafeReadableBytes { digest.update($0) }
            return digest.etag == info.etag.lowercased()
        }
    }

    /// Whether parts of this size, and a last one of what remains, are so many.
    static func fits(_ partSize: Int64, count: Int, size: Int64) -> Bool {
        if count == 1 { return partSize == size }
        guard partSize > 0, size > 0, (2...10_000).contains(count) else { return false }
        return (size - 1) / partSize + 1 == Int64(count)
    }

    /// The number of parts in an ETag of 32 hex digits, a dash and the number.
    private static func count(in etag: String) -> Int? {
        guard let count = ETag.partCount(of: etag), let dash = etag.lastIndex(of: "-"),
            ETag.md5(of: String(etag[..<dash])) != nil
        else { return nil }
        return count
    }
}

/// The ETag that a content gets when it is uploaded in parts of one size.
struct PartsDigest: Sendable {
    let partSize: Int64
    private var outer = Insecure.MD5()
    private var inner = Insecure.MD5()
    /// Bytes of the part that `inner` has seen.
    private var filled: Int64 = 0
    private var count = 0

    /// - Parameter partSize: bytes; a content without any is one empty part.
    init(partSize: Int64) {
        self.partSize = max(partSize, 1)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if filled == partSize { close() }
            let piece = rest.prefix(Int(min(Int64(rest.count), partSize - filled)))
            inner.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece))
            filled += Int64(piece.count)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Lower-case hex digits, a dash and the number of parts.
    var etag: String {
        var whole = self
        whole.close()
        return "\(Hex.text(whole.outer.finalize()))-\(whole.count)"
    }

    private mutating func close() {
        outer.update(data: Array(inner.finalize()))
        inner = Insecure.MD5()
        filled = 0
        count += 1
    }
}
