// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Files of keys as `age-keygen` writes them: one a line, with empty lines and lines that begin with `#`.
package enum KeyFile {
    /// - Throws: ``AgeError/badKey(_:)`` with the number of the line, never the line itself.
    package static func identities(_ text: String) throws(AgeError) -> [X25519Identity] {
        try keys(text) { line throws(AgeError) in try X25519Identity(line) }
    }

    /// - Throws: ``AgeError/badKey(_:)`` with the number of the line, never the line itself.
    package static func recipients(_ text: String) throws(AgeError) -> [X25519Recipient] {
        try keys(text) { line throws(AgeError) in try X25519Recipient(line) }
    }

    /// The text of a file with one identity.
    ///
    /// - Parameter created: the time, for people.
    package static func text(of identity: X25519Identity, created: String) -> String {
        "# created: \(created)\n# public key: \(identity.recipient)\n\(identity.text)\n"
    }

    private static func keys<Key>(
        _ text: String, _ parse: (String) throws(AgeError) -> Key
    ) throws(AgeError) -> [Key] {
        var keys: [Key] = []
        // `\r\n` is one character and both are new lines.
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do throws(AgeError) {
                keys.append(try parse(String(line)))
            } catch {
                guard case .badKey(let what) = error else { throw error }
                throw .badKey("line \(index + 1): \(what)")
            }
        }
        guard !keys.isEmpty else { throw .badKey("the file holds none") }
        return keys
    }
}
