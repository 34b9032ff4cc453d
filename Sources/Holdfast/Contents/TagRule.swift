// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// A tag that objects are chosen by: of one value, or of any.
package struct TagRule: Hashable, Codable, Comparable, Sendable {
    package var name: String
    /// `nil` for every value.
    package var value: String?

    package init(name: String, value: String? = nil) {
        self.name = name
        self.value = value
    }

    func matches(_ tags: [Tag]) -> Bool {
        tags.contains { $0.name == name && (value == nil || $0.value == value) }
    }

    /// For people: `team=a`, `team`.
    package var words: String { value.map { "\(name)=\($0)" } ?? name }

    package static func < (left: TagRule, right: TagRule) -> Bool {
        (left.name, left.value ?? "", left.value == nil ? 0 : 1) < (
            right.name, right.value ?? "", right.value == nil ? 0 : 1
        )
    }
}

extension ObjectFilter {
    /// Whether it takes the tags of every object to tell.
    var asksForTags: Bool { tags != nil || excludedTags != nil }

    /// Whether an object with these tags is wanted, as far as they go.
    func contains(tags found: [Tag]) -> Bool {
        if let tags, !tags.contains(where: { $0.matches(found) }) { return false }
        return !(excludedTags ?? []).contains { $0.matches(found) }
    }
}
