// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

extension HealthCheck {
    /// Whether the two listings of a versioned bucket name the same keys; lists all of it, twice.
    func versionListing(_ source: any StorageService, _ bucket: String) async -> [CheckResult] {
        do {
            let document = try await source.document(.versioning, of: bucket)
            guard Self.hasVersions(document) else {
                return [CheckResult("versions", .good, "\(bucket) keeps none, so there is one listing to rely on")]
            }
            let store = source.store(for: bucket)
            return Self.results(try await ListingComparison(store: store, environment: environment).run(), bucket)
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return [CheckResult("versions", .good, "the server has no versions")]
        } catch {
            let answer = HoldfastError(checking: error, "The two listings of \(bucket) cannot be compared")
            return [CheckResult("versions", .bad, answer.message, fix: answer.hint)]
        }
    }

    /// Whether the bucket keeps versions now or did so before (S3 API, GetBucketVersioning).
    private static func hasVersions(_ document: [UInt8]?) -> Bool {
        let text = String(decoding: document ?? [], as: UTF8.self)
        return text.contains("<Status>Enabled<") || text.contains("<Status>Suspended<")
    }

    /// What a comparison means for a backup.
    static func results(_ listings: ListingComparison.Result, _ bucket: String) -> [CheckResult] {
        var results: [CheckResult] = []
        let common = listings.common
        if listings.missingInObjects.count > 0 {
            results.append(
                CheckResult(
                    "versions", .bad,
                    "ListObjectsV2 of \(bucket) leaves out \(names(listings.missingInObjects)), which ListObjectVersions names",
                    fix: "A backup would lack them: copy each object onto itself, or have the server mend its "
                        + "index, and run this check again."))
        }
        if listings.missingInVersions.count > 0 {
            let walk =
                listings.missingInWalk == 0
                ? "listed folder by folder (with the delimiter /) they are all there"
                : "listed folder by folder (with the delimiter /) \(listings.missingInWalk) are still left out"
            results.append(
                CheckResult(
                    "versions", .warning,
                    "ListObjectVersions of \(bucket) leaves out \(names(listings.missingInVersions)), which "
                        + "ListObjectsV2 names",
                    fix: "A backup holds them, for it does not use that listing. Do not rely on it elsewhere, as for "
                        + "replication or clean-up of versions: \(walk). The server's maker should know."))
        }
        guard results.isEmpty else { return results }
        return [CheckResult("versions", .good, "both listings of \(bucket) name the same keys (\(common))")]
    }

    /// `2 keys (a, b)`, `1,200 keys (a, b, c, … )`.
    private static func names(_ lost: LostKeys) -> String {
        let shown = lost.named.prefix(5).map(\.description).joined(separator: ", ")
        let rest = lost.count > 5 ? ", …" : ""
        return "\(lost.count) \(lost.count == 1 ? "key" : "keys") (\(shown)\(rest))"
    }
}
