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

    init(wantsMD5: Bool) {
        md = wantsMD5 ? Insecure.MD5() : nil
    }

    mutating func update(_ piece: ByteBuffer) {
        piece.withUnsafeReadableBytes { bytes in
            sha.update(bufferPointer: bytes)
            md?.update(bufferPointer: bytes)
        }
    }

    /// 32 bytes.
    var sha256: [UInt8] { Array(sha.finalize()) }

    /// Hex digits; empty when not asked for.
    var md5: String { md.map { Hex.text($0.finalize()) } ?? "" }
}
