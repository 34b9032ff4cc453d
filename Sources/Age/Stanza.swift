// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One wrapped file key in a header.
package struct Stanza: Hashable, Sendable {
    /// The kind, and what the kind needs besides; at least one, each of visible ASCII.
    package let arguments: [String]
    /// The wrapped key.
    package let body: [UInt8]

    package init(arguments: [String], body: [UInt8]) {
        self.arguments = arguments
        self.body = body
    }

    var kind: String { arguments.first ?? "" }

    static let bodyColumns = 64

    /// The body ends with a line shorter than the others, which is empty when its length is a multiple of theirs.
    var text: [UInt8] {
        var text = Array("-> \(arguments.joined(separator: " "))\n".utf8)
        let body = RawBase64.encode(self.body)
        for start in stride(from: 0, through: body.count, by: Self.bodyColumns) {
            text += body[start..<min(start + Self.bodyColumns, body.count)]
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }
}
