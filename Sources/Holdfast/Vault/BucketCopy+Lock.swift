// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import ObjectStorage

/// Archives that nobody can remove before their date. The small files beside them are never locked: locks and marks must
/// go when their time has come.
extension BucketCopy {
    package func checkProtection() async throws {
        guard let lock else { return }
        try await prepare()
        guard try await lockState().isEnabled else { throw lacksLock(lock) }
    }

    func lacksLock(_ lock: ArchiveLock) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration,
            "The vault bucket \(bucket) at \(service.name) has no object lock, and its archives are to be locked (\(lock)).",
            hint:
                "Name a bucket that does not exist yet, which is then made with object lock if the server has that, or take the setting away."
        )
    }

    /// What the server says of the bucket.
    func lockState() async throws -> ObjectLockState {
        do {
            return ObjectLockState(document: try await service.document(.objectLock, of: bucket))
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return ObjectLockState(document: nil)
        }
    }

    package func retention(of file: ArchiveFile) async throws -> ObjectRetention? {
        do {
            return try await store.head(key(file), version: nil).retention
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    package func renewRetention(of file: ArchiveFile) async throws -> String? {
        guard let wanted = lock?.retention(from: now()) else { return nil }
        let info: ObjectInfo
        do {
            info = try await store.head(key(file), version: nil)
        } catch let error as ObjectStoreError where error.code == .notFound {
            throw HoldfastError(.notFound, "\(file.fileName) is not in \(label).")
        }
        // A date that is over can be set anew like one that never was.
        let old = info.retention.flatMap { $0.until > now() ? $0 : nil }
        let renewed = wanted.joined(with: old)
        guard renewed != old else { return nil }
        do {
            try await store.apply(.retention(renewed), to: key(file), version: info.version)
            return nil
        } catch let error as ObjectStoreError where error.code == .accessDenied && old?.mode == .governance {
            guard renewed.mode == .compliance else { throw error }
            // Most servers let nobody change the mode of a retention. Its date can grow.
            let longer = ObjectRetention(mode: .governance, until: renewed.until)
            try await store.apply(.retention(longer), to: key(file), version: info.version)
            return
                "\(file.fileName) in \(label), which this backup needs, stays in governance mode: the server does not change the mode of a lock that has begun."
        }
    }

    /// What an archive that takes the place of another one gets: no less than that one had.
    func retention(replacing old: ObjectInfo?) -> ObjectRetention? {
        let kept = old?.retention.flatMap { $0.until > now() ? $0 : nil }
        return lock?.retention(from: now()).joined(with: kept) ?? kept
    }

    /// Whoever was refused the removal of an archive is told until when it stays, if a lock on one of its versions is why.
    func held(_ key: ObjectKey) async throws -> HeldArchive? {
        var last: HeldArchive?
        for version in try await versions(of: key) where !version.isDeleteMarker {
            let info = try await store.head(key, version: version.info.version)
            if info.hasLegalHold { return HeldArchive(until: nil) }
            // Even one that is over by this machine's clock: the server's is the one that counts.
            guard let until = info.retention?.until else { continue }
            last = HeldArchive(until: max(until, last?.until ?? until))
        }
        return last
    }
}

extension ObjectStore {
    /// Sees to it that an archive that was just written is locked: some servers pass over what an upload says of it.
    ///
    /// - Throws: when the server does not show that it is.
    func confirm(_ retention: ObjectRetention, on key: ObjectKey, version: VersionID?) async throws {
        var stored = try await head(key, version: version)
        if !Self.protects(stored.retention, retention) {
            do {
                try await apply(.retention(retention), to: key, version: stored.version)
            } catch let error as ObjectStoreError where error.code == .notImplemented {
                throw ObjectStoreError(.badAnswer, "the server cannot lock \(key): \(error.message)")
            }
            stored = try await head(key, version: version)
        }
        guard Self.protects(stored.retention, retention) else {
            throw ObjectStoreError(
                .badAnswer,
                "the server does not show that \(key) is locked: it lacks object lock, or these credentials s3:GetObjectRetention"
            )
        }
    }

    private static func protects(_ stored: ObjectRetention?, _ wanted: ObjectRetention) -> Bool {
        guard let stored else { return false }
        return stored.until >= wanted.until && (stored.mode == wanted.mode || stored.mode == .compliance)
    }
}
