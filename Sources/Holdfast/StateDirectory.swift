// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
package import SystemPackage

/// The place for what can be lost: catalogs being written, and cached from archives.
package struct StateDirectory: Sendable {
    package let root: FilePath

    package init(_ root: FilePath) {
        self.root = root
    }

    private static let workPrefix = "work-"

    /// A path for a file that lives as long as a run. What killed processes left behind is removed on the way.
    func workFile(name: String) async throws -> FilePath {
        let directory = try await folder("work")
        return try await FileThread.run {
            for left in try FileSystemNames.list(directory) where left.hasPrefix(Self.workPrefix) {
                let pid = left.dropFirst(Self.workPrefix.count).prefix { $0 != "-" }
                if let pid = Int32(pid), kill(pid, 0) != 0, errno == ESRCH {
                    _ = try FileSystemNames.unlink(directory.appending(left))
                }
            }
            return directory.appending("\(Self.workPrefix)\(getpid())-\(UUID().uuidString)-\(name)")
        }
    }

    /// The directory of cached catalogs.
    func cache() async throws -> FilePath { try await folder("cache") }

    /// The directory of the catalogs that cannot be read again: those of sealed backups.
    func catalogs() async throws -> FilePath { try await folder("catalogs") }

    /// The directory of what was proven of archives.
    func proofs() async throws -> FilePath { try await folder("proofs") }

    /// The directory of what is needed to go on with interrupted backups.
    func interrupted() async throws -> FilePath { try await folder("interrupted") }

    /// The directory of the uploads that restores have begun.
    func uploads() async throws -> FilePath { try await folder("uploads") }

    /// Makes a small file, or replaces it at once and whole: killed at any moment, the old one or the new one is there.
    func replace(_ path: FilePath, with data: Data) async throws {
        let partial = try await workFile(name: "record")
        try await FileThread.run {
            try HoldfastError.withFile("write", path) {
                let file = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
                try file.closeAfter {
                    _ = try file.writeAll(data)
                    try FileSystemNames.synchronise(file, partial)
                }
            }
            try FileSystemNames.rename(partial, to: path)
        }
    }

    private func folder(_ name: String) async throws -> FilePath {
        let directory = root.appending(name)
        try await FileThread.run {
            do {
                try FileSystemNames.makeDirectory(directory)
            } catch let error as HoldfastError {
                throw HoldfastError(
                    error.code, error.message,
                    hint: "Name a directory that this user may write to (HOLDFAST_STATE_DIRECTORY).")
            }
        }
        return directory
    }

    func remove(_ path: FilePath) async {
        await FileThread.cleanUp { _ = try FileSystemNames.unlink(path) }
    }
}
