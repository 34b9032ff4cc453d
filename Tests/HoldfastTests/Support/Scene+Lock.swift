// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport

extension Scene {
    /// Runs `body` with a scene whose vault bucket locks archives, and with the number of the day that it is there.
    static func withLock(
        _ mode: ObjectRetention.Mode = .governance, days: Int = 30,
        _ body: (inout Scene, Guarded<Double>) async throws -> Void
    ) async throws {
        let today = Guarded(1.0)
        let now: @Sendable () -> Date = { day(today.value) }
        try await withTemporaryDirectory { root in
            let vault = InMemoryStorageService(InMemoryOptions { $0.now = now })
            var scene = Scene(root: root, source: InMemoryStorageService(), vaultService: vault)
            scene.lock = try ArchiveLock(span: "\(days)d", mode: mode)
            scene.vaultServices = SystemServices(now: now)
            try await scene.source.createBucket(bucket)
            try await body(&scene, today)
        }
    }

    var vaultStore: any ObjectStore { vaultService.store(for: "backups") }

    /// What the vault's server says of the newest version of an archive.
    func retention(of name: String) async throws -> ObjectRetention? {
        try await vaultStore.head(ObjectKey("buckets/\(name).tar.gz"), version: nil).retention
    }

    /// Every version of a key in the vault's bucket, delete markers too.
    func vaultVersions(_ prefix: String) async throws -> [ObjectVersion] {
        var found: [ObjectVersion] = []
        for try await page in versionListing(of: vaultStore, prefix: Array(prefix.utf8)) { found += page.versions }
        return found
    }
}
