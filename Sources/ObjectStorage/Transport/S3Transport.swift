// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// Carries one signed HTTP request to the server and brings the answer: the one seam between the S3 client and HTTP.
///
/// A transport knows neither S3 nor retries. It never follows redirects, never decompresses, sends `host` and the
/// headers exactly as given, and adds only `content-length`.
package protocol S3Transport: Sendable {
    /// Sends and waits for the head of the answer; the body too when it is at most `request.wholeUpTo` bytes.
    ///
    /// - Throws: ``ObjectStoreError`` with `.unreachable` (no connection, reset, time limit) or `.badAnswer` (not HTTP, a
    ///   body that ends early); `CancellationError`.
    func send(_ request: WireRequest) async throws -> WireResponse

    /// Closes every connection.
    func shutdown() async throws
}

/// A request as it goes over the wire.
package struct WireRequest: Sendable {
    package var method: String
    /// Host name or address to connect to.
    package var host: String
    package var port: Int
    package var isTLS: Bool
    /// Path and query, encoded, starting with `/`.
    package var target: String
    /// In the order to send; `host` included, `content-length` not.
    package var headers: [Field]
    package var body: ReplayableBody?
    /// A response body of at most this many bytes is collected before `send` returns.
    package var wholeUpTo: Int
    /// Whether it fetches or stores an object or a part of one: the requests that are many.
    package var carriesContents: Bool

    package init(
        method: String, host: String, port: Int, isTLS: Bool, target: String, headers: [Field],
        body: ReplayableBody? = nil, wholeUpTo: Int = 1 << 20, carriesContents: Bool = false
    ) {
        self.method = method
        self.host = host
        self.port = port
        self.isTLS = isTLS
        self.target = target
        self.headers = headers
        self.body = body
        self.wholeUpTo = wholeUpTo
        self.carriesContents = carriesContents
    }
}

/// An answer.
package struct WireResponse: Sendable {
    package var status: Int
    /// Names in lower case, in the order received.
    package var headers: [Field]
    /// From `content-length`; `nil` for a chunked body. For HEAD it is the object's size and no body follows.
    package var contentLength: Int64?
    package var body: ByteStream

    package init(status: Int, headers: [Field], contentLength: Int64?, body: ByteStream) {
        self.status = status
        self.headers = headers
        self.contentLength = contentLength
        self.body = body
    }

    /// The first value of a header, as bytes.
    package func first(_ name: String) -> [UInt8]? {
        headers.first { $0.name == name }?.value
    }
}
