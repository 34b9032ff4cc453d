// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far an operation is: counted by its tasks, read by whoever shows it.
package final class ProgressMeter: Sendable {
    /// A reading.
    package struct Reading: Sendable {
        /// What the operation does now, for people.
        package var phase = ""
        /// Objects known to be wanted; grows while the listing goes on.
        package var objectsTotal = 0
        /// Bytes of those objects.
        package var bytesTotal: Int64 = 0
        package var objectsDone = 0
        package var bytesDone: Int64 = 0
        package var exceptions = 0
        /// Whether the totals are final.
        package var totalsAreFinal = false
    }

    private let state = Mutex(Reading())

    package init() {}

    package var reading: Reading { state.withLock { $0 } }

    /// Changes the reading in one step.
    package func update(_ change: (inout Reading) -> Void) {
        state.withLock { change(&$0) }
    }

    /// Begins to count anew, for a phase of its own.
    ///
    /// - Parameters:
    ///   - objects: how many there will be; `nil` when nobody knows.
    ///   - bytes: how many there will be.
    package func begin(_ phase: String, objects: Int? = nil, bytes: Int64 = 0) {
        state.withLock { reading in
            let exceptions = reading.exceptions
            reading = Reading(
                phase: phase, objectsTotal: objects ?? 0, bytesTotal: bytes, exceptions: exceptions,
                totalsAreFinal: objects != nil)
        }
    }

    /// Takes an object out of what is still to be done: it needs nothing.
    package func dropped(bytes: Int64) {
        state.withLock {
            $0.objectsTotal = max($0.objectsDone, $0.objectsTotal - 1)
            $0.bytesTotal = max($0.bytesDone, $0.bytesTotal - max(0, bytes))
        }
    }

    /// Counts finished objects and their bytes.
    package func finished(objects: Int = 1, bytes: Int) {
        state.withLock {
            $0.objectsDone += objects
            $0.bytesDone = $0.bytesDone.addingUpToMax(Int64(bytes))
        }
    }
}

extension Int64 {
    /// The sum, or `Int64.max` where it would be more: sizes come from servers and from foreign files.
    func addingUpToMax(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
