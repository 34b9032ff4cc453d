// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import ObjectStorage

/// One key that differs between two states of a bucket.
package struct Difference: Codable, Sendable {
    package enum Kind: String, Codable, Sendable { case added, removed, changed }
    package let key: String
    package let kind: Kind
    /// Bytes before and after; `nil` where the key is not there.
    package let sizeBefore: Int64?
    package let sizeAfter: Int64?
    /// What is different of a changed key: `content`, `metadata`, `tags`; `etag` where the bytes may be the same, since
    /// one of two uploads of the same length came in parts.
    package let parts: [String]
}

/// Compares the current objects of two catalogs key by key, in constant memory.
package struct BackupDiff: Sendable {
    package let before: CatalogReader
    package let after: CatalogReader
    /// Whether headers, metadata and tags are known on both sides; a bucket's listing does not tell them.
    package let comparesAttributes: Bool
    /// Only keys in all of these are compared: of the others one side says nothing.
    package let selections: [KeySelection]
    /// What is on one side alone is told only if it passes all of these: else the other side was not to have it.
    package let tests: [ObjectTest]

    package init(
        before: CatalogReader, after: CatalogReader, comparesAttributes: Bool, selections: [KeySelection] = [],
        tests: [ObjectTest] = []
    ) {
        self.tests = tests
        self.before = before
        self.after = after
        self.comparesAttributes = comparesAttributes
        self.selections = selections.filter { !$0.isEverything }
    }

    /// Hands on the differences in key order.
    ///
    /// - Returns: how many keys are the same.
    package func run(_ report: (Difference) throws -> Void) async throws -> Int {
        let isCompared = { @Sendable [selections] (object: CatalogObject) in
            object.isCurrent && selections.allSatisfy { $0.contains(object.key) }
        }
        var left = KeyOrder(catalog: before).filter(isCompared).makeAsyncIterator()
        var right = KeyOrder(catalog: after).filter(isCompared).makeAsyncIterator()
        var old = try await left.next()
        var new = try await right.next()
        var same = 0
        while old != nil || new != nil {
            if let was = old, new.map({ was.key.lexicographicallyPrecedes($0.key) }) ?? true {
                if isExpected(was) { try report(difference(.removed, was, nil)) }
                old = try await left.next()
            } else if let isNow = new, old.map({ isNow.key.lexicographicallyPrecedes($0.key) }) ?? true {
                if isExpected(isNow) { try report(difference(.added, nil, isNow)) }
                new = try await right.next()
            } else if let was = old, let isNow = new {
                let parts = changedParts(was, isNow)
                if parts.isEmpty { same += 1 } else { try report(difference(.changed, was, isNow, parts)) }
                old = try await left.next()
                new = try await right.next()
            }
        }
        return same
    }

    /// Whether both sides were to have it. A bucket's listing tells no tags: what is chosen by them counts there.
    private func isExpected(_ object: CatalogObject) -> Bool {
        tests.allSatisfy { comparesAttributes ? $0.contains(object) : $0.contains(object.listed) }
    }

    private func difference(
        _ kind: Difference.Kind, _ old: CatalogObject?, _ new: CatalogObject?, _ parts: [String] = []
    ) -> Difference {
        Difference(
            key: ((new ?? old)?.key).map { "\(ObjectKey($0))" } ?? "", kind: kind, sizeBefore: old?.size,
            sizeAfter: new?.size, parts: parts)
    }

    private func changedParts(_ old: CatalogObject, _ new: CatalogObject) -> [String] {
        var parts: [String] = []
        if hasOtherContent(old, new) { parts.append(mayBeTheSame(old, new) ? "etag" : "content") }
        guard comparesAttributes else { return parts }
        if Set(old.headers) != Set(new.headers) || Set(old.metadata) != Set(new.metadata) { parts.append("metadata") }
        if Set(old.tags) != Set(new.tags) { parts.append("tags") }
        return parts
    }

    /// The ETag of an upload in parts depends on their size as well.
    private func mayBeTheSame(_ old: CatalogObject, _ new: CatalogObject) -> Bool {
        guard old.sha256 == nil || new.sha256 == nil, old.size == new.size else { return false }
        return ETag.partCount(of: old.listed.etag) != ETag.partCount(of: new.listed.etag)
    }

    /// By SHA-256 where both are known, else by size and ETag.
    private func hasOtherContent(_ old: CatalogObject, _ new: CatalogObject) -> Bool {
        if let before = old.sha256, let after = new.sha256 { return before != after }
        return old.size != new.size || old.listed.etag != new.listed.etag
    }
}
