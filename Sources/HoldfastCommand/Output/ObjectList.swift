// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import ObjectStorage

/// The contents of a backup on standard output, a page of 1,000 objects in memory at a time.
struct ObjectList: Sendable {
    let backup: OpenedBackup
    /// What is known to have been proven of it, copy by copy.
    let proofs: [CopyProofs]
    /// Until when nobody can remove its archive, for each copy that locks archives.
    var retention: [CopyRetention] = []
    let prefix: [UInt8]
    /// Whether older versions and delete markers are listed too.
    let versions: Bool
    let output: StandardOutput

    /// Exceptions that are read at once, for they come in no pages: enough to see what is wrong with a bucket.
    private static let exceptionLimit = 100_000

    private var name: String { backup.entry.file.name.rawValue }

    /// A heading, and a line for each object.
    func printObjects(long: Bool) async throws {
        let totals = try await backup.catalog.totals()
        var page = output.page()
        try await page.add(heading(totals))
        for copy in proofs { try await page.add("  in \(copy.copy): \(copy.words)") }
        for copy in retention { try await page.add("  in \(copy.copy): \(copy.words)") }
        var count = 0
        for try await object in KeyOrder(catalog: backup.catalog, prefix: prefix) where versions || object.isCurrent {
            try await page.add(ShownObject.line(object, versions: versions))
            if long { for line in ShownObject.details(object) { try await page.add(line) } }
            count += 1
        }
        if count == 0, !prefix.isEmpty { try await page.add("No key begins with \(ObjectKey(prefix)).") }
        try await page.flush()
    }

    private func heading(_ totals: CatalogTotals) -> String {
        var parts: [String] = []
        if let metadata = backup.metadata {
            parts.append("bucket \(ObjectKey(metadata.bucketName))")
            if let cut = metadata.cut { parts.append("as of \(AmountText.time(cut)) UTC") }
            if !metadata.selection.isEverything { parts.append("part of it: \(metadata.selection.words)") }
            if let tags = metadata.tags { parts.append("tagged \(tags.joined(separator: ", "))") }
        }
        let things = backup.metadata?.includeVersions == true ? "version or delete marker" : "object"
        let many = backup.metadata?.includeVersions == true ? "versions and delete markers" : "objects"
        parts.append("\(AmountText.count(totals.stored, things, many)), \(AmountText.bytes(totals.storedBytes))")
        if totals.exceptions > 0 {
            parts.append("NOT COMPLETE: \(AmountText.count(totals.exceptions, "exception")) (--exceptions lists them)")
        } else if let complete = backup.metadata?.complete {
            parts.append(complete ? "complete" : "NOT COMPLETE")
        }
        return "\(name): \(parts.joined(separator: ", "))"
    }

    func printObjectDocument() async throws {
        var head: [String: any Encodable] = ["name": name, "proofs": proofs, "retention": retention]
        if let include = backup.metadata?.include { head["include"] = include }
        if let exclude = backup.metadata?.exclude { head["exclude"] = exclude }
        if let filter = backup.metadata?.filter { head["filter"] = filter }
        var document = try await JSONListDocument(output, head: head, list: "objects")
        var count = 0
        for try await object in KeyOrder(catalog: backup.catalog, prefix: prefix) where versions || object.isCurrent {
            try await document.add(ShownObject(object))
            count += 1
        }
        try await document.finish(["count": count])
    }

    /// What is not in the backup, and why.
    func printExceptions() async throws {
        let (exceptions, unread) = try await exceptions()
        var page = output.page()
        for exception in exceptions {
            let version = exception.versionID.map { " version \($0)" } ?? ""
            try await page.add("\(ObjectKey(exception.key))\(version): \(exception.message) (\(exception.reason))")
        }
        if exceptions.isEmpty { try await page.add("There are no exceptions.") }
        if unread > 0 { try await page.add("… and \(AmountText.count(unread)) more") }
        try await page.flush()
    }

    func printExceptionDocument() async throws {
        let (exceptions, unread) = try await exceptions()
        var document = try await JSONListDocument(output, head: ["name": name], list: "exceptions")
        for exception in exceptions {
            try await document.add(
                ExceptionReport(
                    key: "\(ObjectKey(exception.key))", version: exception.versionID, reason: exception.reason,
                    message: exception.message))
        }
        try await document.finish(["count": exceptions.count, "unread_count": unread])
    }

    private func exceptions() async throws -> (shown: [CatalogException], unread: Int) {
        let all = try await backup.catalog.exceptions(limit: Self.exceptionLimit)
        let unread = try await backup.catalog.totals().exceptions - all.count
        return (all.filter { $0.key.starts(with: prefix) }, max(0, unread))
    }
}
