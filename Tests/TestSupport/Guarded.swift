// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that several tasks of a test may change; a `Mutex` that closures may capture.
package final class Guarded<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: Value) {
        mutex = Mutex(value)
    }

    /// A copy of the value at this moment.
    package var value: Value { mutex.withLock { $0 } }

    /// Changes the value, or reads it while nobody changes it.
    package func with<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { body(&$0) }
    }
}
