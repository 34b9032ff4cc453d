// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import SystemPackage

@testable import HoldfastCommand

/// A directory for one test, removed with the value.
final class TemporaryDirectory: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.path).appending("holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    /// The files and what they hold.
    func contents() throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path.string)
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                let data = try Data(contentsOf: URL(fileURLWithPath: path.appending(name).string))
                return (name, String(decoding: data, as: UTF8.self))
            })
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }
}

/// A file in the place of standard output or standard error.
final class CapturedFile: Sendable {
    private let directory: TemporaryDirectory
    private let descriptor: FileDescriptor

    var output: StandardOutput { StandardOutput(descriptor) }
    var messages: MessageOutput { MessageOutput(descriptor) }

    init() throws {
        directory = try TemporaryDirectory()
        descriptor = try FileDescriptor.open(
            directory.path.appending("output"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    }

    func text() throws -> String { try directory.contents()["output", default: ""] }

    deinit {
        try? descriptor.close()
    }
}
