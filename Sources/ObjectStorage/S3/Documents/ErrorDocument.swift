// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The `Error` document (S3 API, "REST error responses").
struct ErrorDocument: Equatable {
    var code = ""
    var message = ""
    var requestID: String?
    /// The region in which the bucket lies, when the request went to another.
    var region: String?
    /// The host to turn to instead.
    var endpoint: String?
    /// The server's clock, in an answer that complains of ours.
    var serverTime: String?

    init(code: String = "", message: String = "") {
        self.code = code
        self.message = message
    }

    /// Reads the children of an `Error` element just entered.
    init(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Code": code = try scanner.string()
            case "Message": message = try scanner.string()
            case "RequestId": requestID = try scanner.string()
            case "Region": region = try scanner.string()
            case "Endpoint": endpoint = try scanner.string()
            case "ServerTime": serverTime = try scanner.string()
            default: break
            }
        }
    }

    /// Reads the body of an unsuccessful answer; `nil` when it is no such document.
    init?(_ body: ByteBuffer) {
        let document = try? body.withUnsafeReadableBytes { bytes throws -> ErrorDocument? in
            var scanner = XMLScanner(bytes)
            var root = try scanner.root()
            // Very old servers put it into an envelope of one element.
            if case "ErrorResponse" = root, case .start(let inner) = try scanner.next() { root = inner }
            guard case "Error" = root else { return nil }
            return try ErrorDocument(&scanner)
        }
        guard let document else { return nil }
        self = document
    }
}
