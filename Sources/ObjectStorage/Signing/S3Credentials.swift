// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Who asks: a pair of keys, and a token when they are temporary.
package struct S3Credentials: Hashable, Sendable {
    /// Public: it is part of every request in clear.
    package let accessKey: String
    package let secretKey: Secret
    /// Of the Security Token Service; sent as `x-amz-security-token`.
    package let sessionToken: Secret?

    package init(accessKey: String, secretKey: Secret, sessionToken: Secret? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}
