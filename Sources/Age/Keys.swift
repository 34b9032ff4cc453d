// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The secret that seals one file; each recipient gets it wrapped in a stanza of the header.
package struct FileKey: Sendable, Redacted {
    let key: SymmetricKey

    /// A new one, from the system's random numbers.
    package init() {
        key = SymmetricKey(size: .bits128)
    }

    /// - Throws: ``AgeError/malformedHeader(_:)`` unless there are 16 bytes.
    init(_ bytes: some Sequence<UInt8>) throws(AgeError) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else {
            throw .malformedHeader("a file key of \(bytes.count) bytes")
        }
        key = SymmetricKey(data: bytes)
    }

    static let byteCount = 16
    /// A file key with its authenticator, the body of every native stanza. The length is checked before it is decrypted:
    /// the format asks for it, against files that open with several keys.
    static let wrappedByteCount = byteCount + 16
}

/// Somebody to seal a file to.
package protocol Recipient: Sendable {
    /// Whether nobody else may be a recipient of the same file.
    var mustBeAlone: Bool { get }

    /// Wraps the key of one file so that only the matching identity can unwrap it.
    func wrap(_ fileKey: FileKey) async throws -> Stanza
}

/// The secret that opens what was sealed to its recipient.
package protocol Identity: Sendable {
    /// The key of the file, or `nil` when no stanza is for this identity.
    ///
    /// - Throws: ``AgeError`` when a stanza of a kind this identity knows is malformed.
    func unwrap(_ stanzas: [Stanza]) async throws -> FileKey?
}

/// A value that holds a secret and shows nothing of it when it is printed, interpolated or dumped.
package protocol Redacted: CustomStringConvertible, CustomReflectable {}

extension Redacted {
    package var description: String { "«redacted»" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Recipient {
    package var mustBeAlone: Bool { false }
}
