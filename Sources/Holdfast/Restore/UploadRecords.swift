// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage
import SystemPackage

/// The multipart uploads that a restore has begun in a bucket and not ended: written down before their first part, so that
/// of a restore that is killed the next one into this bucket knows which are ours. Nothing else of a bucket is ever aborted.
///
/// One file for each run, `uploads/<uuid>` in the state directory, locked as long as the run lives: who can lock it knows
/// that its writer is dead. Its lines only grow while uploads are open, so it has a few lines for each of these.
///
/// Killed between the server's answer and the line: the upload has no part, and stays.
actor UploadRecords {
    /// A line of the file.
    private struct Line: Codable {
        let server: String
        let bucket: String
        let key: Data
        let upload: String
        /// Whether it is completed or aborted.
        var isDone: Bool?
    }

    private let server: String
    private let bucket: String
    private let path: FilePath
    private let file: SystemPackage.FileDescriptor
    private var open: Set<UploadID> = []

    private init(server: String, bucket: String, path: FilePath, file: SystemPackage.FileDescriptor) {
        self.server = server
        self.bucket = bucket
        self.path = path
        self.file = file
    }

    /// What dead runs left in a bucket.
    struct Left: Sendable {
        /// Uploads that were aborted.
        var aborted = 0
        /// Why others could not be: the next run tries again.
        var problem: String?
    }

    /// Runs `body` with records of its own, after aborting what dead runs left in this bucket.
    static func with<Result>(
        _ service: any StorageService, _ bucket: String, _ state: StateDirectory,
        _ body: (UploadRecords, Left) async throws -> Result
    ) async throws -> Result {
        let directory = try await state.uploads()
        let left = try await abortLeft(in: service.store(for: bucket), of: service.name, directory)
        let (path, file) = try await FileThread.run { try make(in: directory) }
        let records = UploadRecords(server: service.name, bucket: bucket, path: path, file: file)
        do {
            let result = try await body(records, left)
            await records.close()
            return result
        } catch {
            await records.close()
            throw error
        }
    }

    /// A new file of this run. Another run may look at it before it is locked, and take it for one of a dead run.
    private static func make(in directory: FilePath) throws -> (FilePath, SystemPackage.FileDescriptor) {
        var attempts = 0
        while true {
            attempts += 1
            let path = directory.appending(UUID().uuidString)
            let file = try HoldfastError.withFile("write", path) {
                try SystemPackage.FileDescriptor.open(
                    path, .writeOnly, options: [.create, .exclusiveCreate, .append, .closeOnExec],
                    permissions: [.ownerReadWrite])
            }
            // Where files cannot be locked nobody takes them for a dead run's either.
            if FileSystemNames.lock(file) && !FileSystemNames.isShared(file) || attempts == 5 {
                try FileSystemNames.synchronise(directory)
                return (path, file)
            }
            try? file.close()
        }
    }

    /// Writes an upload down; durable when this returns.
    func begin(_ upload: UploadID, of key: ObjectKey) async throws {
        open.insert(upload)
        try await write(Line(server: server, bucket: bucket, key: Data(key.bytes), upload: upload.rawValue))
    }

    /// Forgets an upload that is completed or aborted. What fails here costs an abort that finds nothing.
    func end(_ upload: UploadID, of key: ObjectKey) async {
        guard open.remove(upload) != nil else { return }
        guard open.isEmpty else {
            let line = Line(
                server: server, bucket: bucket, key: Data(key.bytes), upload: upload.rawValue, isDone: true)
            return await Task { try? await write(line) }.value
        }
        await FileThread.cleanUp { [file, path] in
            try HoldfastError.withFile("write", path) { try file.resize(to: 0) }
        }
    }

    private func write(_ line: Line) async throws {
        let bytes = try JSONEncoder().encode(line) + Data([UInt8(ascii: "\n")])
        try await FileThread.run { [file, path] in
            try HoldfastError.withFile("write", path) {
                _ = try file.writeAll(bytes)
                try FileSystemNames.synchronise(file, path)
            }
        }
    }

    /// The file goes unless it is still needed: an upload that could not be aborted is the next run's.
    private func close() async {
        let isNeeded = !open.isEmpty
        await FileThread.cleanUp { [file, path] in
            if !isNeeded { _ = try FileSystemNames.unlink(path) }
            try file.close()
        }
    }

    // MARK: What dead runs left

    private static let largestFile = 64 << 20

    private static func abortLeft(
        in store: any ObjectStore, of server: String, _ directory: FilePath
    ) async throws -> Left {
        var left = Left()
        for name in try await FileThread.run({ try FileSystemNames.list(directory) }) {
            let path = directory.appending(name)
            // Held while it is worked on, so that no other run does the same.
            guard let file = try await FileThread.run({ try lock(path) }) else { continue }
            do {
                let lines = try await FileThread.run { try read(file, path) }
                // What it says of another bucket is for a restore into that one.
                if lines.allSatisfy({ $0.server == server && $0.bucket == store.bucket && !$0.key.isEmpty }) {
                    for line in lines {
                        try await store.abortUpload(ObjectKey(Array(line.key)), UploadID(line.upload))
                        left.aborted += 1
                    }
                    _ = try await FileThread.run { try FileSystemNames.unlink(path) }
                }
            } catch let error as ObjectStoreError {
                // A right that is missing must not keep a bucket from being restored.
                left.problem = error.message
            } catch {
                await FileThread.cleanUp { try file.close() }
                throw error
            }
            await FileThread.cleanUp { try file.close() }
        }
        return left
    }

    /// Opens and locks the file of a run that is dead; `nil` when it lives, or nobody can read the file.
    private static func lock(_ path: FilePath) throws -> SystemPackage.FileDescriptor? {
        guard
            let file = try? SystemPackage.FileDescriptor.open(
                path, .readOnly, options: [.noFollow, .closeOnExec])
        else { return nil }
        guard FileSystemNames.lock(file) else {
            try? file.close()
            return nil
        }
        return file
    }

    /// The uploads that are open. A line that was cut short was never durable, and no part came after it.
    private static func read(_ file: SystemPackage.FileDescriptor, _ path: FilePath) throws -> [Line] {
        try HoldfastError.withFile("read", path) {
            var bytes: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 64 << 10)
            while bytes.count < largestFile {
                let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { break }
                bytes += block[..<count]
            }
            let decoder = JSONDecoder()
            let lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
                try? decoder.decode(Line.self, from: Data(line))
            }
            let done = Set(lines.filter { $0.isDone == true }.map(\.upload))
            return lines.filter { $0.isDone != true && !done.contains($0.upload) }
        }
    }
}
