// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// Which keys of a backup are wanted: below a prefix, matching one of the includes (if any), and none of the excludes.
///
/// Globs are those of fnmatch(3) over bytes; `*` matches `/` as well, since keys have no folders.
package struct KeySelection: Hashable, Sendable {
    package var prefix: [UInt8]
    package var includes: [String]
    package var excludes: [String]
    /// What is wanted of these keys. A backup alone looks at it; ``contains(_:)`` does not.
    package var filter: ObjectFilter

    package init(
        prefix: [UInt8] = [], includes: [String] = [], excludes: [String] = [], filter: ObjectFilter = ObjectFilter()
    ) {
        self.filter = filter
        self.prefix = prefix
        self.includes = includes
        self.excludes = excludes
    }

    package func contains(_ key: [UInt8]) -> Bool {
        guard key.starts(with: prefix) else { return false }
        if !includes.isEmpty, !includes.contains(where: { Glob.matches(key, $0) }) { return false }
        return !excludes.contains { Glob.matches(key, $0) }
    }

    /// Whether nothing is left out.
    package var isEverything: Bool { isEveryKey && filter.isEverything }

    /// Whether no key is left out for its name.
    package var isEveryKey: Bool { prefix.isEmpty && includes.isEmpty && excludes.isEmpty }

    /// The same selection, equal to every other one that names the same globs.
    package var canonical: KeySelection {
        KeySelection(prefix: prefix, includes: Set(includes).sorted(), excludes: Set(excludes).sorted(), filter: filter)
    }

    /// For people: `keys like *.jpg or *.png, but not like tmp/*, of at least 1 MiB`.
    package var words: String {
        func list(_ globs: [String]) -> String { globs.map { "\(ObjectKey($0))" }.joined(separator: " or ") }
        let wanted = includes.isEmpty ? "all keys" : "keys like \(list(includes))"
        let named = excludes.isEmpty ? wanted : "\(wanted), but not like \(list(excludes))"
        return filter.isEverything ? named : "\(named), \(filter.words)"
    }
}
