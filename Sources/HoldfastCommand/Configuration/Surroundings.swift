// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import SystemPackage

/// All that a configuration depends on beside the flags: replaced in tests, so that resolving is a pure function.
struct Surroundings: Sendable {
    var environment: [String: String]
    /// Reads a small file; `nil` when there is none.
    var readFile: @Sendable (FilePath) throws -> FoundFile?
    /// Reads a small file that need not be text; `nil` when there is none.
    var readBytes: @Sendable (FilePath) throws -> FoundBytes? = { try FoundBytes.read($0) }
    /// The effective user; 0 is root.
    var userID: UInt32

    /// The user's home directory, from `HOME`.
    var home: FilePath? { self["HOME"].map { FilePath($0) } }

    /// A variable that is set and not empty.
    subscript(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The process's own.
    static func live() -> Surroundings {
        Surroundings(
            environment: ProcessInfo.processInfo.environment, readFile: { try FoundFile.read($0) }, userID: geteuid())
    }
}

/// A small text file and who may see it.
struct FoundFile: Sendable {
    var text: String
    /// Permission bits, 0o000 to 0o777.
    var mode: UInt32
    /// The owner's user id.
    var owner: UInt32

    /// As ``FoundBytes/read(_:)``, of UTF-8.
    static func read(_ path: FilePath) throws -> FoundFile? {
        guard let found = try FoundBytes.read(path) else { return nil }
        guard let text = String(validating: found.bytes, as: UTF8.self) else {
            throw FoundBytes.refuse(path, "it is not UTF-8 text")
        }
        return FoundFile(text: text, mode: found.mode, owner: found.owner)
    }
}

/// A small file and who may see it.
struct FoundBytes: Sendable {
    var bytes: [UInt8]
    /// Permission bits, 0o000 to 0o777.
    var mode: UInt32
    /// The owner's user id.
    var owner: UInt32

    /// More is no configuration and no key: bounds what a wrong name (a device, an archive) makes us read.
    private static let limit = 1 << 20

    static func refuse(_ path: FilePath, _ why: String) -> HoldfastError {
        HoldfastError(.invalidConfiguration, "Cannot read \(path): \(why).")
    }

    /// Reads at most 1 MiB; a pipe (`<(pass show …)`) is as good as a file.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when there is a file that cannot be read or is too long.
    static func read(_ path: FilePath) throws -> FoundBytes? {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                var facts = stat()
                guard fstat(file.rawValue, &facts) == 0 else { throw Errno(rawValue: errno) }
                var bytes: [UInt8] = []
                var block = [UInt8](repeating: 0, count: 16 << 10)
                while true {
                    let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
                    guard count > 0 else { break }
                    bytes += block[..<count]
                    guard bytes.count <= limit else { throw refuse(path, "it has more than \(limit) bytes") }
                }
                return FoundBytes(bytes: bytes, mode: facts.st_mode & 0o777, owner: facts.st_uid)
            }
        } catch let errno as Errno {
            if errno == .noSuchFileOrDirectory || errno == .notDirectory { return nil }
            throw refuse(path, errno.description.lowercased())
        }
    }
}
