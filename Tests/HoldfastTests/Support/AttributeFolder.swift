// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Where files keep extended attributes of users, which not every file system does: tmpfs has them since Linux 6.6 only.
enum AttributeFolder {
    /// The temporary directory or else this repository's; `nil` when neither keeps them.
    ///
    /// - Throws: when the tools of the Debian package `attr` are missing: that is no reason to skip a test.
    static func find() async throws -> FilePath? {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        for folder in [FilePath(NSTemporaryDirectory()), FilePath(here.path)] {
            let tool = Tool(name: "setfattr", directory: folder)
            try await tool.run("--version")
            let file = folder.appending(".attributes-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(atPath: file.string) }
            try write([], to: file)
            if (try? await tool.run("--name", "user.holdfast", "--value", "x", file.string)) != nil { return folder }
        }
        return nil
    }

    /// Runs `body` with a new folder of this kind, which is gone afterwards.
    static func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        guard let path = try await find() else { throw Errno.notSupported }
        let folder = path.appending(".attributes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        return try await body(folder)
    }
}
