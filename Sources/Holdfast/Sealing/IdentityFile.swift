// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
package import ObjectStorage

/// Files of identities in the format of `age-keygen`.
package enum IdentityFile {
    /// A new identity.
    ///
    /// - Returns: the text of its file, and its public key.
    package static func generate(_ services: SystemServices = .live) -> (text: Secret, recipient: String) {
        let identity = X25519Identity()
        let text = KeyFile.text(of: identity, created: TimeText.iso(services.now()))
        return (Secret(text), "\(identity.recipient)")
    }

    /// The public keys of the identities in a file, in its order.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration`, which repeats nothing of the text.
    package static func recipients(of text: Secret, in file: String) throws -> [String] {
        do {
            return try KeyFile.identities(text.reveal()).map { "\($0.recipient)" }
        } catch {
            throw HoldfastError(
                .invalidConfiguration, "\(file) holds no identity that can be used: \(error).",
                hint: "An identity is a line AGE-SECRET-KEY-1…, as holdfast keys generate and age-keygen write it.")
        }
    }
}
