// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import SystemPackage

/// The directory calls that SystemPackage lacks: make, list, stat, link, rename, unlink, fsync of a directory.
enum FileSystemNames {
    private static func check(_ result: Int32, _ doing: String, _ path: FilePath) throws {
        guard result == 0 else { throw HoldfastError.file(doing, path, Errno(rawValue: errno)) }
    }

    /// Makes a directory for this user alone, and those above it that are missing; one that is there will do.
    static func makeDirectory(_ directory: FilePath) throws {
        guard mkdir(directory.string, 0o700) != 0 else { return }
        let reason = Errno(rawValue: errno)
        let parent = directory.removingLastComponent()
        if reason == .noSuchFileOrDirectory, !parent.isEmpty, parent != directory {
            try makeDirectory(parent)
            // Another process may have made it meanwhile.
            if mkdir(directory.string, 0o700) == 0 || errno == EEXIST { return }
            throw HoldfastError.file("make the directory", directory, Errno(rawValue: errno))
        }
        guard reason == .fileExists else { throw HoldfastError.file("make the directory", directory, reason) }
        var facts = stat()
        guard stat(directory.string, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
            throw HoldfastError.file("make the directory", directory, .notDirectory)
        }
    }

    /// The names in a directory, in no order; none when it has not been made yet.
    static func list(_ directory: FilePath) throws -> [String] {
        guard let stream = opendir(directory.string) else {
            if errno == ENOENT { return [] }
            throw HoldfastError.file("list", directory, Errno(rawValue: errno))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Size in bytes and time of a regular file; `nil` when there is none (a link is not one).
    static func regularFile(_ path: FilePath) throws -> (size: Int64, modified: Date)? {
        var facts = stat()
        guard lstat(path.string, &facts) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw HoldfastError.file("look at", path, Errno(rawValue: errno))
        }
        guard facts.st_mode & S_IFMT == S_IFREG else { return nil }
        let modified = Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9
        return (Int64(facts.st_size), Date(timeIntervalSince1970: modified))
    }

    /// Gives the file at `path` a second name; `false` when that name is taken.
    static func link(_ path: FilePath, to target: FilePath) throws -> Bool {
        if Glibc.link(path.string, target.string) == 0 { return true }
        if errno == EEXIST { return false }
        throw HoldfastError.file("write", target, Errno(rawValue: errno))
    }

    static func rename(_ path: FilePath, to target: FilePath) throws {
        try check(Glibc.rename(path.string, target.string), "write", target)
    }

    /// Removes a file; `false` when there was none.
    static func unlink(_ path: FilePath) throws -> Bool {
        if Glibc.unlink(path.string) == 0 { return true }
        if errno == ENOENT { return false }
        throw HoldfastError.file("remove", path, Errno(rawValue: errno))
    }

    /// Removes a file that no process holds locked.
    static func unlinkIfUnlocked(_ path: FilePath) throws -> Bool {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec]) else {
            return false
        }
        defer { try? file.close() }
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
        return try unlink(path)
    }

    /// Takes the lock that tells other processes that this one is writing the file.
    static func lock(_ file: FileDescriptor) -> Bool {
        flock(file.rawValue, LOCK_EX | LOCK_NB) == 0
    }

    /// Whether a file has more than one name, or it cannot be told.
    static func isShared(_ file: FileDescriptor) -> Bool {
        var facts = stat()
        return fstat(file.rawValue, &facts) != 0 || facts.st_nlink != 1
    }

    /// Makes the names in a directory durable.
    static func synchronise(_ directory: FilePath) throws {
        let file = try HoldfastError.withFile("open", directory) {
            try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
        }
        defer { try? file.close() }
        try check(fsync(file.rawValue), "make durable", directory)
    }

    /// Makes a file's bytes durable.
    static func synchronise(_ file: FileDescriptor, _ path: FilePath) throws {
        try check(fsync(file.rawValue), "make durable", path)
    }
}
