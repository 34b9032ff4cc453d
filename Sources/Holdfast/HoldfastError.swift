// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// An operation that could not be done: what happened, to what, and what to do.
package struct HoldfastError: Error, Sendable, CustomStringConvertible {
    /// What programs branch on; each has one exit code.
    package enum Code: String, CaseIterable, Sendable {
        /// Something failed that no other code names.
        case failed
        /// The command, the configuration or a name makes no sense.
        case invalidConfiguration
        /// No such bucket, backup or key.
        case notFound
        /// Somebody else is at work on it, or the name is taken.
        case conflict
        /// Bytes are not what they were when they were written.
        case corrupt
        /// Sealed, and no key at hand opens it.
        case wrongKey
        case accessDenied
        case unreachable
    }

    package let code: Code
    package let message: String
    /// What to do about it.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String {
        hint.map { "\(message)\n  → \($0)" } ?? message
    }
}
