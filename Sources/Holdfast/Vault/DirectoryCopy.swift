// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import NIOCore
package import Streams
package import SystemPackage

/// A vault copy in a local directory.
package struct DirectoryCopy: VaultCopy {
    package let root: FilePath

    package init(_ root: FilePath) {
        self.root = root
    }

    package var label: String { root.string }

    var archiveDirectory: FilePath { root.appending(String(VaultLayout.archives.dropLast())) }

    package func prepare() async throws {
        let folders = [VaultLayout.archives, VaultLayout.locks, VaultLayout.hidden]
        let directories = folders.map { root.appending(String($0.dropLast())) }
        try await FileThread.run {
            for directory in directories {
                do {
                    try FileSystemNames.makeDirectory(directory)
                } catch let error as HoldfastError {
                    throw HoldfastError(
                        error.code, error.message,
                        hint: "Name a directory that this user may write to (HOLDFAST_VAULT_DIRECTORY).")
                }
            }
        }
    }

    package func archives() async throws -> [StoredArchive] {
        let directory = archiveDirectory
        return try await FileThread.run {
            var found: [StoredArchive] = []
            for name in try FileSystemNames.list(directory) {
                guard let file = ArchiveFile(fileName: name) else { continue }
                let path = directory.appending(name)
                guard let facts = try FileSystemNames.regularFile(path) else { continue }
                found.append(StoredArchive(file: file, size: facts.size, modified: facts.modified))
            }
            return found
        }
    }

    package func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)? {
        let path = archiveDirectory.appending(file.fileName)
        guard try await FileThread.run({ try FileSystemNames.regularFile(path) }) != nil else { return nil }
        return try await LocalFileBytes(path)
    }

    package func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink {
        try await DirectorySink(directory: archiveDirectory, file: file)
    }

    package func resumeArchive(
        _ file: ArchiveFile, from checkpoint: SinkCheckpoint
    ) async throws -> any ArchiveSink {
        try await DirectorySink(directory: archiveDirectory, file: file, continuingAt: checkpoint.end)
    }

    package func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)? {
        try await LocalFileBytes(archiveDirectory.appending(DirectorySink.partialPrefix + file.fileName))
    }

    package func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink {
        try await DirectorySink(directory: archiveDirectory, file: file, isReplacing: true)
    }

    package func remove(_ file: ArchiveFile) async throws -> Bool {
        let path = archiveDirectory.appending(file.fileName)
        let directory = archiveDirectory
        return try await FileThread.run {
            guard try FileSystemNames.unlink(path) else { return false }
            try FileSystemNames.synchronise(directory)
            return true
        }
    }

    package func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String] {
        let directory = archiveDirectory
        let names = try await FileThread.run { try FileSystemNames.list(directory) }
        var removed: [String] = []
        for name in names where name.hasPrefix(DirectorySink.partialPrefix) {
            if files.contains(String(name.dropFirst(DirectorySink.partialPrefix.count))) { continue }
            // A living writer holds a lock on its file; the kernel drops it with the process, however that ends.
            if try await FileThread.run({ try FileSystemNames.unlinkIfUnlocked(directory.appending(name)) }) {
                removed.append(name)
            }
        }
        return removed
    }

    package func removeTraces(now: Date) async throws -> Int {
        let folders = [VaultLayout.locks, VaultLayout.hidden].map { root.appending(String($0.dropLast())) }
        return try await FileThread.run {
            var count = 0
            for folder in folders {
                for name in try FileSystemNames.list(folder) where name.hasSuffix(".partial") {
                    let path = folder.appending(name)
                    // Nobody takes a day to write a hundred bytes.
                    guard let facts = try FileSystemNames.regularFile(path),
                        facts.modified < now.addingTimeInterval(-86_400), try FileSystemNames.unlink(path)
                    else { continue }
                    count += 1
                }
            }
            return count
        }
    }

    package func files(in folder: String) async throws -> [String] {
        let directory = root.appending(String(folder.dropLast()))
        return try await FileThread.run { try FileSystemNames.list(directory) }
    }

    package func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool {
        let target = root.appending(path)
        // Written beside it and linked: nobody ever reads half of it, so nobody takes it for a broken one.
        let partial = FilePath(target.string + ".\(UUID().uuidString).partial")
        return try await FileThread.run {
            defer { _ = try? FileSystemNames.unlink(partial) }
            try HoldfastError.withFile("write", target) {
                let file = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: [.ownerReadWrite])
                try file.closeAfter { _ = try file.writeAll(content.readableBytesView) }
            }
            return try FileSystemNames.link(partial, to: target)
        }
    }

    package func replaceFile(_ path: String, _ content: ByteBuffer) async throws {
        let target = root.appending(path)
        try await FileThread.run {
            try HoldfastError.withFile("write", target) {
                let partial = FilePath(target.string + ".partial")
                let file = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
                try file.closeAfter {
                    _ = try file.writeAll(content.readableBytesView)
                    // A mark that a power failure takes back would show a backup whose bytes are gone.
                    try FileSystemNames.synchronise(file, partial)
                }
                try FileSystemNames.rename(partial, to: target)
                try FileSystemNames.synchronise(target.removingLastComponent())
            }
        }
    }

    package func readFile(_ path: String) async throws -> ByteBuffer? {
        let target = root.appending(path)
        guard try await FileThread.run({ try FileSystemNames.regularFile(target) }) != nil else { return nil }
        let file: LocalFileBytes
        do {
            file = try await LocalFileBytes(target)
        } catch {
            // A lock may go between the look at it and its opening; then it is not there, which is no fault.
            guard try await FileThread.run({ try FileSystemNames.regularFile(target) }) != nil else { return nil }
            throw error
        }
        guard file.size <= 1 << 20 else {
            throw HoldfastError(.corrupt, "\(target) has \(file.size) bytes, far more than a lock has.")
        }
        return try await file.read(0..<file.size)
    }

    package func removeFile(_ path: String) async throws {
        let target = root.appending(path)
        _ = try await FileThread.run { try FileSystemNames.unlink(target) }
    }
}
