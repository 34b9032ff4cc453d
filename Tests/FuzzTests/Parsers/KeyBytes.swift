// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

@testable import Age

/// A file of keys, and the text form of a key.
enum KeyBytes {
    static func read(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        if let recipients = try? KeyFile.recipients(text) {
            for recipient in recipients {
                try demand(
                    try X25519Recipient(recipient.description) == recipient, "a recipient is not read as written")
            }
        }
        if let identities = try? KeyFile.identities(text) {
            for identity in identities {
                try demand(
                    try X25519Identity(identity.text).text == identity.text, "an identity is not read as written")
            }
        }
        if let (prefix, content) = try? Bech32.decode(text) {
            try demand(
                Bech32.encode(prefix: prefix, content) == text.lowercased(), "a key that would not be written so")
        }
    }
}
