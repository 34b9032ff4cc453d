// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Streams

/// One call of the S3 API, before it is addressed and signed.
struct S3Request {
    /// The call's name in the S3 API, for messages.
    let operation: StaticString
    let method: String
    var bucket: String?
    var key: ObjectKey?
    var query = S3Query()
    /// Beside those that the client adds to every request.
    var headers: [Field] = []
    var body: ReplayableBody?
    /// As in ``WireRequest``. Documents are read whole in any case, so that the transport may do it.
    var wholeUpTo = 16 << 20
    /// As in ``WireRequest``.
    var carriesContents = false

    init(_ operation: StaticString, _ method: String, bucket: String? = nil, key: ObjectKey? = nil) {
        self.operation = operation
        self.method = method
        self.bucket = bucket
        self.key = key
    }

    /// For messages: `GetObject photos/2026/a.jpg`.
    var subject: String {
        switch (bucket, key) {
        case (let bucket?, let key?): "\(operation) \(bucket)/\(key)"
        case (let bucket?, nil): "\(operation) \(bucket)"
        default: "\(operation)"
        }
    }

    /// Adds a header when there is a value.
    mutating func setHeader(_ name: String, _ value: String?) {
        if let value { headers.append(Field(name, value)) }
    }

    /// With some headers more.
    func adding(_ fields: [Field]) -> S3Request {
        var request = self
        request.headers += fields
        return request
    }

    /// Refuses what would name another resource or smuggle a header.
    ///
    /// An empty key above all: `DELETE /bucket/` would delete the bucket.
    func validate() throws {
        if let bucket, bucket.isEmpty || bucket == "." || bucket == ".." || bucket.utf8.contains(UInt8(ascii: "/")) {
            throw ObjectStoreError(.badRequest, "\(operation): \"\(bucket)\" is not a bucket name")
        }
        if let key, key.bytes.isEmpty {
            throw ObjectStoreError(.badRequest, "\(subject): an object key has at least one byte")
        }
        for field in headers {
            guard field.value.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 }) else {
                throw ObjectStoreError(
                    .badRequest,
                    "\(subject): the value of \(field.name) holds control characters, which HTTP cannot carry")
            }
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isTokenByte) else {
                throw ObjectStoreError(
                    .badRequest, "\(subject): \"\(field.name)\" cannot be the name of an HTTP header")
            }
        }
    }

    /// RFC 7230 section 3.2.6, upper case left out.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case let other: "!#$%&'*+-.^_`|~".utf8.contains(other)
        }
    }
}

/// The parameters of a request, in the one order and encoding that goes both over the wire and into the signature.
struct S3Query {
    private var parameters: [(name: String, value: String)] = []

    /// Adds a parameter with a value of bytes; `nil` adds nothing.
    mutating func add(_ name: String, _ value: [UInt8]?) {
        if let value { parameters.append((URIEncoding.encode(name), URIEncoding.encode(value))) }
    }

    mutating func add(_ name: String, _ value: String?) {
        if let value { parameters.append((URIEncoding.encode(name), URIEncoding.encode(value))) }
    }

    /// Adds a sub-resource such as `acl`.
    mutating func add(_ name: String) {
        parameters.append((name, ""))
    }

    /// Encoded, sorted by name (no name occurs twice), without a leading `?`.
    var encoded: String {
        guard parameters.count > 1 else { return parameters.first.map { "\($0.name)=\($0.value)" } ?? "" }
        return parameters.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
