// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

/// The hashes of a content in memory.
enum ContentDigest {
    /// 32 bytes.
    static func sha256(_ content: ByteBuffer) -> [UInt8] {
        content.withUnsafeReadableBytes { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return Array(hash.finalize())
        }
    }

    /// Lower-case hex digits, the form of an ETag.
    static func md5(_ content: ByteBuffer) -> String {
        content.withUnsafeReadableBytes { bytes in
            var hash = Insecure.MD5()
            hash.update(bufferPointer: bytes)
            return Hex.text(hash.finalize())
        }
    }
}

/// The hashes of a content that comes in pieces.
struct RunningDigests: Sendable {
    private var sha = SHA256()
    private var md: Insecure.MD5?
    private var uploads: [PartsDigest]

    /// - Parameter partSizes: in which the content may have been uploaded, as ``PartSizes`` gives them.
    init(wantsMD5: Bool, partSizes: [Int64] = []) {
        md = wantsMD5 ? Insecure.MD5() : nil
        uploads = partSizes.map { PartsDigest(partSize: $0) }
    }

    mutating func update(_ piece: ByteBuffer) {
        piece.withUnsafeReadableBytes { bytes in
            sha.update(bufferPointer: bytes)
            md?.update(bufferPointer: bytes)
            for index in uploads.indices { uploads[index].update(bytes) }
        }
    }

    /// The one of the part sizes that makes this ETag of the content; `nil` when none does.
    func partSize(making etag: String) -> Int64? {
        uploads.first { $0.etag == etag.lowercased() }?.partSize
    }

    /// 32 bytes.
    var sha256: [UInt8] { Array(sha.finalize()) }

    /// Hex digits; empty when not asked for.
    var md5: String { md.map { Hex.text($0.finalize()) } ?? "" }
}
