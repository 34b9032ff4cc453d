// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import SystemPackage

/// The file of one run's journal in the state directory, `interrupted/<id>.db`, locked as long as the run lives.
///
/// The lock is the kernel's, on `<id>.lock` beside it, because SQLite has locks of its own on the file itself: it ends with
/// the process, however that ends, and tells the next run that this one is dead.
final class JournalPlace: Sendable {
    let path: FilePath
    private let lockPath: FilePath
    private let lock: SystemPackage.FileDescriptor
    private let state: Mutex<(isClosed: Bool, hasCheckpoint: Bool)>

    private init(_ path: FilePath, _ lockPath: FilePath, _ lock: SystemPackage.FileDescriptor, isFound: Bool) {
        self.path = path
        self.lockPath = lockPath
        self.lock = lock
        state = Mutex((isClosed: false, hasCheckpoint: isFound))
    }

    deinit { release() }

    private static let suffix = ".db"

    /// A place for a new run; the file itself comes with the first checkpoint.
    static func make(in state: StateDirectory) async throws -> JournalPlace {
        let directory = try await state.interrupted()
        return try await FileThread.run {
            let path = directory.appending(UUID().uuidString + suffix)
            guard let place = try open(path, isFound: false) else {
                throw HoldfastError(.conflict, "\(path) is being written by another run.")
            }
            return place
        }
    }

    /// The journals of runs that are dead, locked by this one now. What was left beside none is removed on the way.
    static func ofTheDead(in state: StateDirectory) async throws -> [JournalPlace] {
        let directory = try await state.interrupted()
        return try await FileThread.run {
            let names = try FileSystemNames.list(directory)
            for name in names where name.hasSuffix(".lock") && !names.contains(name.dropLast(5) + suffix) {
                let path = directory.appending(name)
                // A run that begins just now has it open and is about to lock it.
                guard let facts = try FileSystemNames.regularFile(path),
                    facts.modified < Date().addingTimeInterval(-86_400)
                else { continue }
                _ = try FileSystemNames.unlinkIfUnlocked(path)
            }
            return try names.filter { $0.hasSuffix(suffix) }.sorted().compactMap { name in
                try open(directory.appending(name), isFound: true)
            }
        }
    }

    /// Locks a journal's place; `nil` when its run is alive.
    private static func open(_ path: FilePath, isFound: Bool) throws -> JournalPlace? {
        let lockPath = FilePath(String(path.string.dropLast(suffix.count)) + ".lock")
        let lock = try HoldfastError.withFile("write", lockPath) {
            try SystemPackage.FileDescriptor.open(
                lockPath, .readWrite, options: [.create, .noFollow, .closeOnExec], permissions: [.ownerReadWrite])
        }
        guard FileSystemNames.lock(lock) else {
            try? lock.close()
            return nil
        }
        return JournalPlace(path, lockPath, lock, isFound: isFound)
    }

    /// Whether there is something to go on from.
    var hasCheckpoint: Bool { state.withLock { $0.hasCheckpoint } }

    /// Notes that a checkpoint was written. The first time, makes the file's name durable too.
    func noteCheckpoint() async throws {
        guard !hasCheckpoint else { return }
        try await FileThread.run { [path] in try FileSystemNames.synchronise(path.removingLastComponent()) }
        state.withLock { $0.hasCheckpoint = true }
    }

    /// Leaves the journal for a later run.
    func release() {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        if !wasClosed { try? lock.close() }
    }

    /// Removes the journal. SQLite's own journal goes first: nobody must roll it back into another file.
    func remove() async {
        await FileThread.cleanUp { [path, lockPath] in
            _ = try FileSystemNames.unlink(FilePath(path.string + "-journal"))
            _ = try FileSystemNames.unlink(path)
            _ = try FileSystemNames.unlink(lockPath)
        }
        release()
    }
}
