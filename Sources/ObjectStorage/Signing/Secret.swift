// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A text that must not reach a log, a report or a crash message.
///
/// Printing, interpolating, reflecting or dumping it gives `«redacted»`; only ``reveal()`` gives the text, so that a
/// search for that name finds every place where a secret is used.
package struct Secret: Hashable, Sendable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The text itself: for signing and for the wire, never for people.
    package func reveal() -> String {
        text
    }

    /// Whether there is nothing to keep secret.
    package var isEmpty: Bool { text.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "«redacted»" }
    package var debugDescription: String { description }
    /// Without this, `dump` and test failures would show the stored text.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
