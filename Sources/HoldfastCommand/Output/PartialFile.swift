// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import SystemPackage

/// A file that appears under its name when it is whole: written beside it as `<name>.partial`, made durable, renamed.
struct PartialFile: Sendable {
    private let path: FilePath
    private let descriptor: SystemPackage.FileDescriptor
    private let thread: WritingThread

    private var partialPath: FilePath { Self.partial(path) }

    /// Runs `body` with the file. If it throws, nothing stays behind and what was at `path` stays as it was.
    static func write(_ path: FilePath, _ body: (PartialFile) async throws -> Void) async throws {
        let thread = WritingThread(label: "holdfast.file")
        let descriptor = try await naming(path) {
            try await thread.run {
                // A link in its place is not followed: it would be somebody else's file.
                try SystemPackage.FileDescriptor.open(
                    partial(path), .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
            }
        }
        let file = PartialFile(path: path, descriptor: descriptor, thread: thread)
        do {
            try await body(file)
            try await file.commit()
        } catch {
            await file.abort()
            throw error
        }
    }

    /// Takes the next bytes.
    func write(_ bytes: ByteBuffer) async throws {
        let descriptor = descriptor
        try await Self.naming(path) {
            try await thread.run { _ = try descriptor.writeAll(bytes.readableBytesView) }
        }
    }

    private func commit() async throws {
        let (descriptor, path, partialPath) = (descriptor, path, partialPath)
        try await Self.naming(path) {
            try await thread.run {
                try FileSystemCalls.sync(descriptor)
                // Killed before this, the partial file is left, and the next attempt writes over it.
                try FileSystemCalls.rename(partialPath, to: path)
                try FileSystemCalls.syncDirectory(of: path)
            }
        }
        try? descriptor.close()
    }

    private func abort() async {
        let (descriptor, partialPath) = (descriptor, partialPath)
        try? await thread.run {
            try? descriptor.close()
            try FileSystemCalls.remove(partialPath)
        }
    }

    private static func partial(_ path: FilePath) -> FilePath { FilePath(path.string + ".partial") }

    private static func naming<Result>(_ path: FilePath, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let errno as Errno {
            throw HoldfastError(.failed, "Cannot write \(path): \(errno.description.lowercased()).")
        }
    }
}
