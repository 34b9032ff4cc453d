// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Calls of the operating system that SystemPackage has no names for. They block.
enum FileSystemCalls {
    static func sync(_ descriptor: FileDescriptor) throws {
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    static func rename(_ from: FilePath, to path: FilePath) throws {
        guard Glibc.rename(from.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Makes a rename last through a power failure.
    static func syncDirectory(of path: FilePath) throws {
        let parent = path.removingLastComponent()
        let directory = try FileDescriptor.open(
            parent.isEmpty ? "." : parent, .readOnly, options: [.directory, .closeOnExec])
        try directory.closeAfter { try sync(directory) }
    }

    static func remove(_ path: FilePath) throws {
        guard unlink(path.string) == 0 else { throw Errno(rawValue: errno) }
    }
}
