// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Gives what libFuzzer makes up to the parser that the command line names.
enum Feeding {
    static let parser = CommandLine.arguments.lazy
        .compactMap { $0.hasPrefix("--parser=") ? ForeignBytes(rawValue: String($0.dropFirst(9))) : nil }.first

    /// Reads one input to its end; what breaks a promise ends the process, and libFuzzer keeps the input.
    static func feed(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let bytes = Array(UnsafeBufferPointer(start: data, count: count))
        let done = DispatchSemaphore(value: 0)
        // libFuzzer has one thread and wants an answer; the parsers run on those of Swift's concurrency meanwhile.
        Task.detached {
            do {
                try await parser?.read(bytes)
            } catch {
                // The way to tell libFuzzer of a finding is to crash.
                fatalError("\(error)")
            }
            done.signal()
        }
        done.wait()
        return 0
    }
}
