// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

import struct Foundation.Data

/// A key of the customer's own, with which the server encrypts an object and which it does not keep (SSE-C).
package struct CustomerKey: Hashable, Sendable {
    private let base64: Secret
    private let digest: String

    /// - Parameter bytes: 32 of them; `nil` for another number.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        base64 = Secret(Data(bytes).base64EncodedString())
        digest = Data(Insecure.MD5.hash(data: bytes)).base64EncodedString()
    }

    /// For the wire, never for people.
    var headers: [Field] {
        let name = "x-amz-server-side-encryption-customer"
        return [
            Field("\(name)-algorithm", "AES256"), Field("\(name)-key", base64.reveal()),
            Field("\(name)-key-md5", digest),
        ]
    }
}

/// Which objects are under which key.
package struct CustomerKeys: Hashable, Sendable {
    /// The objects whose `bucket/key` matches a glob.
    package struct Rule: Hashable, Sendable {
        package let glob: String
        package let key: CustomerKey

        package init(glob: String, key: CustomerKey) {
            self.glob = glob
            self.key = key
        }
    }

    private let rules: [Rule]

    /// - Parameter rules: the first that fits an object counts.
    package init(_ rules: [Rule] = []) {
        self.rules = rules
    }

    package var isEmpty: Bool { rules.isEmpty }

    /// The key of an object; `nil` when no rule fits it.
    package func key(of key: ObjectKey, in bucket: String) -> CustomerKey? {
        guard !rules.isEmpty else { return nil }
        let name = Array(bucket.utf8) + [UInt8(ascii: "/")] + key.bytes
        return rules.first { Glob.matches(name, $0.glob) }?.key
    }
}

extension ObjectAttributes {
    /// The name under which ``headers`` tell that an object is under a customer's key: the algorithm, never the key.
    package static let customerAlgorithm = "server-side-encryption-customer-algorithm"

    /// Whether the object was under a customer's key.
    package var hasCustomerKey: Bool { headers.contains { $0.name == Self.customerAlgorithm } }
}
