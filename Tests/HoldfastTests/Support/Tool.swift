// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A program of the machine, run for a test.
struct Tool {
    let name: String
    let directory: FilePath

    /// Why a program did not do what the test needs.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the program; a missing program or an exit code other than 0 throws.
    ///
    /// - Returns: what it wrote to standard output.
    @discardableResult
    func run(_ arguments: String...) async throws -> [UInt8] {
        let output = directory.appending(".output-\(UUID().uuidString)")
        let errors = directory.appending(".errors-\(UUID().uuidString)")
        defer { for file in [output, errors] { try? FileManager.default.removeItem(atPath: file.string) } }
        for file in [output, errors] { try write([], to: file) }

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory.string)
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let handles = try [output, errors].map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0.string)) }
        // A process keeps them open as long as it is remembered, and Foundation remembers it for ever.
        defer { for handle in handles { try? handle.close() } }
        (process.standardOutput, process.standardError) = (handles[0], handles[1])
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else {
            let message = String(decoding: try bytes(of: errors), as: UTF8.self)
            throw Failure(description: "\(name) ended with \(status): \(message.suffix(2000))")
        }
        return try bytes(of: output)
    }
}
