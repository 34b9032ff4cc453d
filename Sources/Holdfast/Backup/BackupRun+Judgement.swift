// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

extension BackupRun {
    /// Makes no backup of nothing, unless that is what was asked for: a lost source looks the same.
    func refuseWhenNothingWasRead(_ packed: Packing, _ catalog: CatalogWriter) async throws {
        guard try await catalog.totals().stored == 0 else { return }
        // What lies in an archive tier is there: nothing is lost.
        if packed.rows.deferredCount > 0, packed.rows.deferredCount == packed.rows.exceptionCount { return }
        if let first = packed.rows.firstExceptions.first {
            throw HoldfastError(
                .failed,
                "None of the \(packed.rows.exceptionCount) objects of \(bucket) could be read; no backup was made. The first, \(first.key): \(first.message)",
                hint: origin.base == nil
                    ? "Check the rights of these credentials with holdfast check."
                    : "holdfast repair mends what is left in any copy.")
        }
        guard options.allowEmpty else {
            guard options.selection.isEverything else {
                throw HoldfastError(
                    .failed,
                    "\(bucket) at \(origin.name) lists none of what was asked for, \(options.selection.words); no backup was made.",
                    hint: "In globs * matches / too. If there may be none, say so with --allow-empty.")
            }
            throw HoldfastError(
                .failed,
                options.moment.map {
                    "\(bucket) at \(origin.name) had no objects at \(TimeText.iso($0)); no backup was made."
                }
                    ?? "\(bucket) at \(origin.name) lists no objects; no backup was made.",
                hint: "If the bucket is meant to be empty, say so with --allow-empty.")
        }
    }

    /// Tells of keys that one of the two listings of versions left out.
    func lostKeysWarning(_ findings: SourceListing.Findings) -> String? {
        guard let first = findings.lostKeys.named.first else { return nil }
        return
            "\(origin.name) leaves \(findings.lostKeys.count) keys out when it lists versions, \(first) among them. They were found in other ways and are in the backup."
    }

    /// What the operator should know of the vault and of the bucket's settings.
    func warnings(_ configuration: BucketConfiguration) -> [String] {
        var warnings: [String] = []
        let onSource = vault.copies.compactMap { $0 as? BucketCopy }.filter { $0.service.name == origin.name }
        if let copy = onSource.first {
            let alone = vault.copies.count == onSource.count ? " It is the only kind of copy there is." : ""
            warnings.append(
                "The vault bucket \(copy.bucket) is on the same server as \(bucket): what destroys that server takes both.\(alone)"
            )
        }
        return warnings + configuration.warnings
    }
}
