// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import NIOCore
package import ObjectStorage
package import Streams

/// A vault copy in a bucket, below an optional prefix.
package struct BucketCopy: VaultCopy {
    package let service: any StorageService
    package let bucket: String
    /// For how long archives are locked here; `nil` leaves it to the bucket.
    package let lock: ArchiveLock?
    let now: @Sendable () -> Date
    let store: any ObjectStore

    package init(
        service: any StorageService, bucket: String, lock: ArchiveLock? = nil, services: SystemServices = .live
    ) {
        self.service = service
        self.bucket = bucket
        self.lock = lock
        now = services.now
        store = service.store(for: bucket)
    }

    package var label: String { "s3://\(bucket) at \(service.name)" }

    package func prepare() async throws {
        do {
            if try await service.bucketExists(bucket) { return }
            try await service.createBucket(bucket, objectLock: lock != nil)
            if let lock, try await !lockState().isEnabled {
                // A server that has none made an ordinary one, and nothing is in it yet.
                try await service.deleteBucket(bucket)
                throw lacksLock(lock)
            }
        } catch let error as ObjectStoreError where error.code == .bucketExists {
            return
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            if let lock { throw lacksLock(lock) }
            throw HoldfastError(storage: error, "Cannot make the vault bucket \(bucket) at \(service.name)")
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot make the vault bucket \(bucket) at \(service.name)")
        }
    }

    package func archives() async throws -> [StoredArchive] {
        // A bucket not made yet holds no backups; that is no fault.
        guard try await service.bucketExists(bucket) else { return [] }
        var found: [StoredArchive] = []
        for try await page in listing(of: store, prefix: Array(VaultLayout.archives.utf8)) {
            for object in page.objects {
                let name = String(decoding: object.key.bytes.dropFirst(VaultLayout.archives.utf8.count), as: UTF8.self)
                guard let file = ArchiveFile(fileName: name) else { continue }
                found.append(StoredArchive(file: file, size: object.size, modified: object.lastModified))
            }
        }
        return found
    }

    package func files(in folder: String) async throws -> [String] {
        guard try await service.bucketExists(bucket) else { return [] }
        var found: [String] = []
        for try await page in listing(of: store, prefix: Array(folder.utf8)) {
            found += page.objects.map { String(decoding: $0.key.bytes.dropFirst(folder.utf8.count), as: UTF8.self) }
        }
        return found
    }

    func key(_ file: ArchiveFile) -> ObjectKey { ObjectKey(VaultLayout.archives + file.fileName) }

    package func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)? {
        do {
            return try await store.randomAccess(to: key(file))
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    package func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink {
        try await checkProtection()
        do {
            _ = try await store.head(key(file), version: nil)
            throw HoldfastError.nameTaken(file.name.rawValue, in: label)
        } catch let error as ObjectStoreError where error.code == .notFound {
            await abortUploads(of: file, except: nil)
            return BucketSink(store: store, key: key(file), label: label, retention: lock?.retention(from: now()))
        }
    }

    /// Removes what a dead run left of an archive whose name is ours to write: begun behind its last checkpoint, or when
    /// this bucket had another address, under which the checkpoint knows it. What cannot be removed now is by the next
    /// backup.
    private func abortUploads(of file: ArchiveFile, except kept: String?) async {
        let uploads = (try? await store.uploads(prefix: key(file).bytes)) ?? []
        for other in uploads where other.key == key(file) && other.upload.rawValue != kept {
            try? await store.abortUpload(other.key, other.upload)
        }
    }

    package func resumeArchive(
        _ file: ArchiveFile, from checkpoint: SinkCheckpoint
    ) async throws -> any ArchiveSink {
        try await checkProtection()
        do {
            _ = try await store.head(key(file), version: nil)
            throw HoldfastError.nameTaken(file.name.rawValue, in: label)
        } catch let error as ObjectStoreError where error.code == .notFound {
            await abortUploads(of: file, except: checkpoint.upload)
            return try await BucketSink(
                store: store, key: key(file), label: label, continuing: checkpoint,
                retention: lock?.retention(from: now()))
        }
    }

    package func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)? { nil }

    package func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink {
        try await checkProtection()
        var old: ObjectInfo?
        do {
            old = try await store.head(key(file), version: nil)
        } catch let error as ObjectStoreError where error.code == .notFound {
            // Then there is nothing to be kept.
        }
        return BucketSink(
            store: store, key: key(file), label: label, isReplacing: true, retention: retention(replacing: old))
    }

    package func remove(_ file: ArchiveFile) async throws -> Bool {
        let info: ObjectInfo
        do {
            info = try await store.head(key(file), version: nil)
        } catch let error as ObjectStoreError where error.code == .notFound {
            return false
        }
        if let held = HeldArchive(info, now: now()) { throw held }
        if info.version != nil {
            do {
                try await removeVersions(of: key(file))
                return true
            } catch let error as ObjectStoreError where error.code == .accessDenied {
                throw try await held(key(file)) ?? error
            } catch let error as ObjectStoreError where error.code == .notImplemented {
                // It names a version and lists none: there is one only.
            }
        }
        try await delete([ObjectReference(key(file))])
        return true
    }

    package func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String] {
        var removed: [String] = []
        let prefix = Array(VaultLayout.archives.utf8)
        for upload in try await store.uploads(prefix: prefix) where upload.key.bytes.starts(with: prefix) {
            let name = String(decoding: upload.key.bytes.dropFirst(prefix.count), as: UTF8.self)
            // What is not named like an archive is not ours to remove.
            guard let file = ArchiveFile(fileName: name), !files.contains(name), try await !isAlive(file.name)
            else { continue }
            try await store.abortUpload(upload.key, upload.upload)
            removed.append(name)
        }
        return removed
    }

    package func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool {
        let key = ObjectKey(path)
        do {
            _ = try await store.put(key, ReplayableBody(content), PutOptions(ifAbsent: true))
            return true
        } catch let error as ObjectStoreError where error.code == .preconditionFailed || error.code == .conflict {
            // A retry of our own write is told that the file exists: it is ours if it says what we wrote.
            return try await readFile(path) == content
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            // A server without conditional writes: look, then write. Two hosts within one round trip could both succeed.
            guard try await readFile(path) == nil else { return false }
            _ = try await store.put(key, ReplayableBody(content), PutOptions())
            return try await readFile(path) == content
        }
    }

    package func replaceFile(_ path: String, _ content: ByteBuffer) async throws {
        _ = try await store.put(ObjectKey(path), ReplayableBody(content), PutOptions())
    }

    package func readFile(_ path: String) async throws -> ByteBuffer? {
        do {
            return try await store.get(ObjectKey(path), GetOptions()).bytes.collect(upTo: 1 << 20)
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    package func removeFile(_ path: String) async throws {
        try await delete([ObjectReference(ObjectKey(path))])
    }

    func delete(_ objects: [ObjectReference]) async throws {
        for outcome in try await store.delete(objects) {
            if let error = outcome.error { throw error }
        }
    }
}

extension HoldfastError {
    /// An answer of a storage server, with what was being done.
    package init(storage error: ObjectStoreError, _ doing: String) {
        let hint: String? =
            switch error.code {
            case .unauthorized: "Check the access key and the secret key (holdfast check says where they come from)."
            case .accessDenied:
                "These credentials need s3:ListBucket and s3:GetObject on what is read, and s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on what is written."
            case .noSuchBucket: "holdfast buckets lists the buckets that these credentials see."
            case .unreachable: "Is the server running, and is the endpoint right? holdfast check tries it step by step."
            case .badAnswer:
                "Something else than an S3 server may answer there, a web console or a proxy: check the endpoint and its port."
            case .clockSkew: "Set the clock of this machine, or of the server (holdfast check shows both)."
            default: nil
            }
        let code: Code =
            switch error.code {
            case .notFound, .noSuchBucket: .notFound
            case .unauthorized, .accessDenied: .accessDenied
            case .unreachable: .unreachable
            case .bucketExists, .conflict, .preconditionFailed: .conflict
            default: .failed
            }
        self.init(code, "\(doing): \(error.message)", hint: hint)
    }
}
