// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Streams

import struct Foundation.Data

/// What a request says about its body's bytes.
struct PayloadDigest: Equatable, Sendable {
    /// 64 hex digits, or `UNSIGNED-PAYLOAD`.
    let sha256: String
    /// Base64, as in `Content-MD5`.
    let md5: String?

    /// Of no bytes at all.
    static let empty = PayloadDigest(
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", md5: nil)

    private static let unsigned = "UNSIGNED-PAYLOAD"

    /// The digests asked for; a body in memory costs no copy, a stream one pass from its beginning.
    static func make(of body: ReplayableBody, sha256: Bool, md5: Bool) async throws -> PayloadDigest {
        let known = sha256 ? body.sha256 : unsigned
        if let known, !md5 { return PayloadDigest(sha256: known, md5: nil) }
        // Hashing 64 KiB takes about 0.1 ms: not worth a change of thread.
        if let buffer = body.buffer, buffer.readableBytes <= 64 << 10 {
            return digest(buffer, known: known, md5: md5)
        }
        return try await makeElsewhere(of: body, known: known, md5: md5)
    }

    @concurrent
    private static func makeElsewhere(of body: ReplayableBody, known: String?, md5: Bool) async throws -> PayloadDigest
    {
        if let buffer = body.buffer { return digest(buffer, known: known, md5: md5) }
        var sha = SHA256()
        var md = Insecure.MD5()
        var length: Int64 = 0
        for try await piece in try await body.makeStream() {
            length += Int64(piece.readableBytes)
            piece.withUnsafeReadableBytes { bytes in
                if known == nil { sha.update(bufferPointer: bytes) }
                if md5 { md.update(bufferPointer: bytes) }
            }
        }
        guard length == body.length else { throw ByteStreamError.endedEarly(wanted: body.length, got: length) }
        return PayloadDigest(
            sha256: known ?? Hex.string(sha.finalize()),
            md5: md5 ? Data(md.finalize()).base64EncodedString() : nil)
    }

    private static func digest(_ buffer: ByteBuffer, known: String?, md5: Bool) -> PayloadDigest {
        buffer.withUnsafeReadableBytes { bytes in
            PayloadDigest(
                sha256: known ?? Hex.string(SHA256.hash(data: bytes)),
                md5: md5 ? Data(Insecure.MD5.hash(data: bytes)).base64EncodedString() : nil)
        }
    }
}
