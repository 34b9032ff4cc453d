// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation
import ObjectStorage

/// Which objects are wanted by what a listing tells of them beside the key, size, time and storage class, and by their
/// tags, which it does not tell.
///
/// Ages are kept as they were written: two backups of what is newer than 30 days are backups of the same thing.
package struct ObjectFilter: Hashable, Codable, Sendable {
    /// Bytes, both included.
    package var minSize: Int64?
    package var maxSize: Int64?
    /// A span before the moment that the backup shows (`30d`), or a moment (`2026-11-23T08:00:00Z`).
    package var newerThan: String?
    package var olderThan: String?
    /// In capitals, sorted; any of them will do. Absent when all will.
    package var storageClasses: [String]?
    /// Sorted; any of them will do. Absent when objects without tags will do as well.
    package var tags: [TagRule]?
    /// Sorted; none of them may be there. Absent when all may.
    package var excludedTags: [TagRule]?

    package init(
        minSize: Int64? = nil, maxSize: Int64? = nil, newerThan: String? = nil, olderThan: String? = nil,
        storageClasses: [String] = [], tags: [TagRule] = [], excludedTags: [TagRule] = []
    ) {
        self.minSize = minSize
        self.maxSize = maxSize
        self.newerThan = newerThan
        self.olderThan = olderThan
        let sorted = Set(storageClasses.map { $0.uppercased() }).sorted()
        self.storageClasses = sorted.isEmpty ? nil : sorted
        self.tags = tags.isEmpty ? nil : Set(tags).sorted()
        self.excludedTags = excludedTags.isEmpty ? nil : Set(excludedTags).sorted()
    }

    /// Whether nothing is left out.
    package var isEverything: Bool { self == ObjectFilter() }

    /// For people: `of at least 1 MiB, newer than 30d`.
    package var words: String {
        var parts: [String] = []
        if let minSize { parts.append("of at least \(Self.size(minSize))") }
        if let maxSize { parts.append("of at most \(Self.size(maxSize))") }
        if let newerThan { parts.append("newer than \(newerThan)") }
        if let olderThan { parts.append("older than \(olderThan)") }
        if let storageClasses { parts.append("in storage class \(storageClasses.joined(separator: " or "))") }
        if let tags { parts.append("tagged \(tags.map(\.words).joined(separator: " or "))") }
        if let excludedTags { parts.append("not tagged \(excludedTags.map(\.words).joined(separator: " or "))") }
        return parts.joined(separator: ", ")
    }

    /// Bytes in the largest unit that divides them.
    private static func size(_ bytes: Int64) -> String {
        let units = [(Int64(1) << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        let unit = units.first { bytes > 0 && bytes % $0.0 == 0 }
        return unit.map { "\(bytes / $0.0) \($0.1)" } ?? "\(bytes) bytes"
    }
}

/// A filter at one moment, from which ages are counted.
package struct ObjectTest: Sendable {
    private let filter: ObjectFilter
    /// Milliseconds since 1970, UTC.
    private let after: Int64?
    private let before: Int64?

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when an age is neither a span nor a moment.
    package init(_ filter: ObjectFilter, at moment: Date) throws {
        self.filter = filter
        after = try filter.newerThan.map { try Self.milliseconds($0, before: moment) }
        before = try filter.olderThan.map { try Self.milliseconds($0, before: moment) }
    }

    private static func milliseconds(_ text: String, before moment: Date) throws -> Int64 {
        if let date = try? Date(text, strategy: .iso8601) { return TimeText.milliseconds(date) }
        do {
            return TimeText.milliseconds(max(try RetentionSpan(text).before(moment, in: .gmt), .distantPast))
        } catch {
            throw HoldfastError(
                .invalidConfiguration, "“\(text.prefix(40))” is neither an age nor a moment.",
                hint: "Write an age like 12h, 30d, 2w, 6m (months) or 1y, or a moment like 2026-11-23T08:00:00Z.")
        }
    }

    /// Whether an object whose tags are known is wanted.
    package func contains(_ object: CatalogObject) -> Bool {
        contains(object.listed) && filter.contains(tags: object.attributes.tags)
    }

    /// Whether an object is wanted as far as a listing tells.
    package func contains(_ object: ListedObject) -> Bool {
        if let least = filter.minSize, object.size < least { return false }
        if let most = filter.maxSize, object.size > most { return false }
        if let after, object.lastModified <= after { return false }
        if let before, object.lastModified >= before { return false }
        // A server that names no class has one only.
        let storageClass = object.storageClass?.uppercased() ?? "STANDARD"
        return filter.storageClasses?.contains(storageClass) ?? true
    }
}
