// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// A successful answer, with what is needed to speak of it.
struct S3Answer {
    let request: S3Request
    let response: WireResponse
    let errors: S3ErrorReader

    /// The most bytes of a document that are read. A page of 4,500 entries, the largest seen, with keys of 1,024 bytes
    /// that are all percent-encoded is below 16 MiB.
    static let documentLimit = 64 << 20

    /// The first value of a header as text.
    func text(_ name: String) -> String? {
        response.first(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The version that was written or read.
    var version: VersionID? {
        text("x-amz-version-id").flatMap { $0.isEmpty ? nil : VersionID($0) }
    }

    /// The `etag` header, which every answer about a stored object must have.
    func etag() throws -> String {
        guard let value = response.first("etag") else { throw bad("there is no ETag in the answer") }
        return ETag.unquoted(value)
    }

    /// The whole body.
    func bytes(upTo limit: Int = documentLimit) async throws -> ByteBuffer {
        do {
            return try await response.body.collect(upTo: limit)
        } catch ByteStreamError.tooLong {
            throw misread(XMLProblem("the document is longer than \(limit) bytes"), ByteBuffer())
        } catch let error as ObjectStoreError {
            throw error.naming(request.subject)
        }
    }

    /// Reads the body as a document with the given root.
    ///
    /// S3 answers some long calls with 200 before it knows the outcome; then the body may be an `Error`, and that is
    /// thrown as if it had come with its own status.
    func document<Result>(
        _ root: StaticString, _ read: (inout XMLScanner) throws -> Result
    ) async throws -> Result {
        try document(root, in: try await bytes(), read)
    }

    /// The same of a body that was read already: it can be read only once.
    func document<Result>(
        _ root: StaticString, in body: ByteBuffer, _ read: (inout XMLScanner) throws -> Result
    ) throws -> Result {
        do {
            return try body.withUnsafeReadableBytes { bytes in
                var scanner = XMLScanner(bytes)
                switch try scanner.root() {
                case root:
                    return try read(&scanner)
                case "Error":
                    throw errors.error(for: request, response, document: try ErrorDocument(&scanner), body: body)
                case "ListBucketResult":
                    throw ignored("listed the bucket instead")
                case let other:
                    throw XMLProblem("its root element is \(other.text), not \(root)")
                }
            }
        } catch let problem as XMLProblem {
            throw misread(problem, body)
        }
    }

    /// Lets the answer pass unless its body is an `Error`: for calls whose document tells nothing else.
    func checkForError() async throws {
        let body = try await bytes()
        guard body.readableBytes > 0, let document = ErrorDocument(body) else { return }
        throw errors.error(for: request, response, document: document, body: body)
    }

    func bad(_ what: String) -> ObjectStoreError {
        ObjectStoreError(
            .badAnswer, "\(request.subject): \(what)", status: response.status, requestID: errors.requestID(response))
    }

    /// A server that passes over a sub-resource it does not know does something else and says so with 200.
    func ignored(_ instead: String) -> ObjectStoreError {
        ObjectStoreError(
            .notImplemented, "\(request.subject): the server does not know this call (it \(instead))",
            status: response.status, requestID: errors.requestID(response))
    }

    private func misread(_ problem: XMLProblem, _ body: ByteBuffer) -> ObjectStoreError {
        if request.key != nil, request.method == "GET", response.first("etag") != nil {
            return ignored("gave the object itself")
        }
        return bad("the answer is not the XML that was expected: \(problem); it begins \(Excerpt.text(body))")
    }
}

/// The beginning of an answer, for people.
enum Excerpt {
    /// At most 120 bytes, white space and control characters as single spaces, in quotes; of an HTML page its title.
    static func text(_ body: ByteBuffer) -> String {
        guard body.readableBytes > 0 else { return "with nothing: it is empty" }
        if let title = title(ofPage: body) { return "\(text(ByteBuffer(bytes: title))) (an HTML page)" }
        var kept: [UInt8] = []
        for byte in body.readableBytesView.prefix(1024) where kept.count < 120 {
            if byte > 32, byte != 127 {
                kept.append(byte)
            } else if let last = kept.last, last != 32 {
                kept.append(32)
            }
        }
        return "\"\(String(decoding: kept, as: UTF8.self))\""
    }

    /// The title of an HTML page, as proxies and web servers send where S3 is expected; `nil` for anything else.
    private static func title(ofPage body: ByteBuffer) -> [UInt8]? {
        let head = Array(body.readableBytesView.prefix(4096))
        let lower = head.map { (65...90).contains($0) ? $0 | 32 : $0 }
        guard let open = lower.firstRange(of: Array("<title>".utf8)),
            let close = lower[open.upperBound...].firstRange(of: Array("</title>".utf8)),
            lower.firstRange(of: Array("<html".utf8)) != nil, open.upperBound < close.lowerBound
        else { return nil }
        return Array(head[open.upperBound..<close.lowerBound])
    }
}

extension ObjectStoreError {
    /// The same error with what was asked put before the message.
    func naming(_ subject: String) -> ObjectStoreError {
        guard !message.hasPrefix(subject) else { return self }
        return ObjectStoreError(
            code, "\(subject): \(message)", status: status, serverCode: serverCode, requestID: requestID,
            retryAfter: retryAfter)
    }
}
