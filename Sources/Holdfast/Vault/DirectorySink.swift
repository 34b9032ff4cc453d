// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Synchronization
import SystemPackage

/// An archive being written into a directory: a locked `.partial-…` file that commit links to its name.
///
/// Holds up to 1 MiB of bytes not yet written.
final class DirectorySink: ArchiveSink {
    static let partialPrefix = ".partial-"
    private static let blockSize = 1 << 20

    private let directory: FilePath
    private let target: FilePath
    private let partial: FilePath
    private let descriptor: SystemPackage.FileDescriptor
    /// Whether the file takes the place of the one that has the name already.
    private let isReplacing: Bool
    private let pending = Mutex(ByteBuffer())
    private let isClosed = Mutex(false)

    /// Goes on with the partial file of a run that is dead, from a length on.
    ///
    /// - Throws: ``HoldfastError`` when it is not there, is shorter, or is being written; it stays as it is then.
    init(directory: FilePath, file: ArchiveFile, continuingAt length: Int64) async throws {
        isReplacing = false
        self.directory = directory
        target = directory.appending(file.fileName)
        let partial = directory.appending(Self.partialPrefix + file.fileName)
        self.partial = partial
        descriptor = try await FileThread.run {
            guard let found = try FileSystemNames.regularFile(partial) else {
                throw HoldfastError(.notFound, "\(partial) is gone")
            }
            return try HoldfastError.withFile("write", partial) {
                let descriptor = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.noFollow, .closeOnExec])
                do {
                    // With a second name it may be a backup: killed between the commit and the removal of this name.
                    guard FileSystemNames.lock(descriptor), found.size >= length, !FileSystemNames.isShared(descriptor)
                    else { throw HoldfastError(.conflict, "\(partial) is not as it was left") }
                    try descriptor.resize(to: length)
                    try descriptor.seek(offset: length, from: .start)
                    return descriptor
                } catch {
                    try? descriptor.close()
                    throw error
                }
            }
        }
    }

    init(directory: FilePath, file: ArchiveFile, isReplacing: Bool = false) async throws {
        self.isReplacing = isReplacing
        self.directory = directory
        target = directory.appending(file.fileName)
        let partial = directory.appending(Self.partialPrefix + file.fileName)
        self.partial = partial
        descriptor = try await FileThread.run {
            try HoldfastError.withFile("write", partial) {
                let descriptor = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .noFollow, .closeOnExec], permissions: [.ownerReadWrite])
                guard FileSystemNames.lock(descriptor) else {
                    try? descriptor.close()
                    throw HoldfastError(.conflict, "\(partial) is being written by another run.")
                }
                try descriptor.resize(to: 0)
                return descriptor
            }
        }
    }

    func write(_ bytes: ByteBuffer) async throws {
        let block = pending.withLock { pending -> ByteBuffer? in
            if pending.readableBytes == 0, bytes.readableBytes >= Self.blockSize { return bytes }
            pending.writeImmutableBuffer(bytes)
            guard pending.readableBytes >= Self.blockSize else { return nil }
            defer { pending = ByteBuffer() }
            return pending
        }
        if let block { try await flush(block) }
    }

    private func flush(_ block: ByteBuffer) async throws {
        try await FileThread.run { [descriptor, partial] in
            try HoldfastError.withFile("write", partial) { _ = try descriptor.writeAll(block.readableBytesView) }
        }
    }

    private func flush() async throws {
        let rest = pending.withLock { pending in
            defer { pending = ByteBuffer() }
            return pending
        }
        try await flush(rest)
    }

    func checkpoint() async throws -> SinkCheckpoint {
        try await flush()
        let length = try await FileThread.run { [descriptor, partial, directory] in
            try FileSystemNames.synchronise(descriptor, partial)
            try FileSystemNames.synchronise(directory)
            return try HoldfastError.withFile("write", partial) { try descriptor.seek(offset: 0, from: .current) }
        }
        return SinkCheckpoint(length: length)
    }

    func suspend() async {
        await Task { try? await self.close() }.value
    }

    func commit() async throws {
        try await flush()
        try await FileThread.run { [descriptor, partial, target, directory, isReplacing] in
            try FileSystemNames.synchronise(descriptor, partial)
            if isReplacing {
                try FileSystemNames.rename(partial, to: target)
                return try FileSystemNames.synchronise(directory)
            }
            guard try FileSystemNames.link(partial, to: target) else {
                throw HoldfastError.nameTaken(target.lastComponent?.string ?? target.string, in: directory.string)
            }
            // Killed between the two calls: the archive is whole under its name, and the next run unlinks the rest.
            _ = try? FileSystemNames.unlink(partial)
            do {
                try FileSystemNames.synchronise(directory)
            } catch {
                // What may be gone after a power failure must not be called a backup.
                _ = try? FileSystemNames.unlink(target)
                throw error
            }
        }
        try await close()
    }

    func abort() async {
        await FileThread.cleanUp { [partial] in _ = try FileSystemNames.unlink(partial) }
        await Task { try? await self.close() }.value
    }

    /// Closes the file once: a second time the number could be another file's.
    private func close() async throws {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        try await FileThread.run { [descriptor] in try descriptor.close() }
    }
}

extension HoldfastError {
    /// The answer to a second backup of the same name.
    static func nameTaken(_ name: String, in place: String) -> HoldfastError {
        HoldfastError(
            .conflict, "There is a backup named \(name) in \(place) already; it was not touched.",
            hint: "Choose another name with --name, or remove the old one with holdfast delete.")
    }
}
