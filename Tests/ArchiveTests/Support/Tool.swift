// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Why a program did not do what the test needs.
struct ToolFailure: Error, CustomStringConvertible {
    let description: String
}

/// A folder that disappears with its owner.
final class Scratch: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("archive-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func url(_ name: String) -> URL {
        folder.appendingPathComponent(name)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = url(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url(name)))
    }

    /// Runs a program here; a missing program or an exit code that is not expected throws.
    ///
    /// - Returns: what it wrote to standard output.
    @discardableResult
    func run(_ program: String, _ arguments: [String], allowFailure: Bool = false) async throws -> String {
        let output = url(".output-\(UUID().uuidString)")
        let errors = url(".errors-\(UUID().uuidString)")
        for file in [output, errors] { try Data().write(to: file) }
        defer { for file in [output, errors] { try? FileManager.default.removeItem(at: file) } }

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guard status == 0 || (allowFailure && status != 127) else {
            let complaint = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
            throw ToolFailure(description: "\(program) \(arguments) ended with \(status): \(complaint)")
        }
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
    }

    @discardableResult
    func python(_ script: String, _ arguments: String...) async throws -> String {
        try await run("python3", ["-c", script] + arguments)
    }
}
