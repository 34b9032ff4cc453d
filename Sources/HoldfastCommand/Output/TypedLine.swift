// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line that somebody types.
enum TypedLine {
    /// The line without its end; `nil` at the end of input and when the task is cancelled.
    ///
    /// - Parameter trimmed: whether blanks around it are taken away.
    static func next(trimmed: Bool = true) async -> String? {
        let (lines, typed) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
        // Reading cannot be broken off: a cancelled task leaves the thread behind, and the process ends.
        Thread.detachNewThread {
            if let line = readLine() { typed.yield(line) }
            typed.finish()
        }
        for await line in lines { return trimmed ? line.trimmingCharacters(in: .whitespaces) : line }
        return nil
    }
}
