// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Values that are dear to make, lent to one borrower at a time and kept for the next.
///
/// Holds as many as were ever lent at once, which is as many as frames are worked on at once.
final class Pool<Value: Sendable>: Sendable {
    private let free = Mutex<[Value]>([])
    private let make: @Sendable () throws -> Value

    init(make: @escaping @Sendable () throws -> Value) {
        self.make = make
    }

    /// Takes a value out; it is the caller's until ``give(_:)``.
    func take() throws -> Value {
        try free.withLock { $0.popLast() } ?? make()
    }

    /// Puts a value back, in whatever state it is.
    func give(_ value: Value) {
        free.withLock { $0.append(value) }
    }

    /// Lends a value to `body`.
    func withValue<Result>(_ body: (Value) throws -> Result) throws -> Result {
        let value = try take()
        defer { give(value) }
        return try body(value)
    }
}
