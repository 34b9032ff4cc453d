// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Runs `body` with a new directory that is gone afterwards.
func withTemporaryDirectory<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let path = FilePath(NSTemporaryDirectory()).appending("holdfast-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    return try await body(path)
}

/// The names in a directory, sorted; none when there is no such directory.
func names(in directory: FilePath) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: directory.string).sorted()) ?? []
}

/// The bytes of a file.
func bytes(of file: FilePath) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file.string)))
}

/// Makes a file of these bytes, or replaces one.
func write(_ bytes: some Sequence<UInt8>, to file: FilePath) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file.string))
}
