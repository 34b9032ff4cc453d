// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// Under which keys the objects of a backup are written: those that begin with one prefix begin with another then.
///
/// Of several rules that fit, the one with the longest prefix counts, and it alone.
package struct KeyMapping: Sendable {
    package struct Rule: Sendable {
        package let old: [UInt8]
        package let new: [UInt8]

        package init(old: [UInt8], new: [UInt8]) {
            self.old = old
            self.new = new
        }
    }

    /// Every key stays as it is.
    package static let none = KeyMapping()

    /// The longest first.
    private let rules: [Rule]

    private init() {
        rules = []
    }

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when two rules are for the same prefix.
    package init(_ rules: [Rule]) throws {
        self.rules = rules.sorted { $0.old.count > $1.old.count }
        var seen: Set<[UInt8]> = []
        for rule in rules where !seen.insert(rule.old).inserted {
            throw HoldfastError(
                .invalidConfiguration, "Two rules say where keys go that begin with “\(ObjectKey(rule.old))”.",
                hint: "Keep one --map of each prefix.")
        }
    }

    package var isNone: Bool { rules.isEmpty }

    /// The key that an object is written under.
    package func target(of key: [UInt8]) -> [UInt8] {
        guard let rule = rules.first(where: { key.starts(with: $0.old) }) else { return key }
        return rule.new + key.dropFirst(rule.old.count)
    }

    /// Every key that would be written as `target`: at most one more than there are rules.
    package func sources(of target: [UInt8]) -> [[UInt8]] {
        let mapped = rules.filter { target.starts(with: $0.new) }.map { $0.old + target.dropFirst($0.new.count) }
        // A key that one rule leads back to may be one that another rule takes elsewhere.
        return Set(mapped + [target]).filter { self.target(of: $0) == target }
            .sorted { $0.lexicographicallyPrecedes($1) }
    }
}
