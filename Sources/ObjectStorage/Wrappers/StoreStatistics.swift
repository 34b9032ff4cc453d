// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The methods of ``ObjectStore``, as things to count.
package enum StoreOperation: String, CaseIterable, Sendable {
    case list, listVersions, get, head, put, delete, createUpload, uploadPart, completeUpload, abortUpload, uploads,
        parts
    case tags, acl, apply
}

/// What a store was asked and how it answered, since it was made.
package struct StoreStatistics: Sendable, Equatable {
    /// The counts of one operation.
    package struct Counts: Sendable, Equatable {
        /// Requests that ended, well or not.
        package var requests = 0
        /// How often each error came.
        package var errors: [ObjectStoreError.Code: Int] = [:]
        /// Requests ended by cancellation.
        package var cancellations = 0
        /// Requests ended by an error that is not the store's: a body that could not be read, for instance.
        package var otherErrors = 0
        /// Bytes of bodies received and handed on.
        package var bytesIn: Int64 = 0
        /// Bytes of bodies sent and accepted.
        package var bytesOut: Int64 = 0
        /// The sum of the times from the call to its return, waiting for admission included.
        package var latency: Duration = .zero

        /// Requests that failed, cancellations aside.
        package var failures: Int { errors.values.reduce(otherErrors, +) }

        static func += (sum: inout Counts, other: Counts) {
            sum.requests += other.requests
            sum.errors.merge(other.errors, uniquingKeysWith: +)
            sum.cancellations += other.cancellations
            sum.otherErrors += other.otherErrors
            sum.bytesIn += other.bytesIn
            sum.bytesOut += other.bytesOut
            sum.latency += other.latency
        }
    }

    private var counts: [StoreOperation: Counts] = [:]

    package init() {}

    /// The counts of one operation; zeros when it never ran.
    package subscript(_ operation: StoreOperation) -> Counts {
        counts[operation] ?? Counts()
    }

    /// The counts of all operations together.
    package var total: Counts {
        counts.values.reduce(into: Counts()) { $0 += $1 }
    }

    fileprivate mutating func add(_ operation: StoreOperation, _ change: (inout Counts) -> Void) {
        change(&counts[operation, default: Counts()])
    }
}

/// Where stores count; several may share one.
package final class StoreCounters: Sendable {
    private let statistics = Mutex(StoreStatistics())

    package init() {}

    /// The counts at this moment, consistent among themselves.
    package var snapshot: StoreStatistics { statistics.withLock { $0 } }

    func add(_ operation: StoreOperation, _ change: (inout StoreStatistics.Counts) -> Void) {
        statistics.withLock { $0.add(operation, change) }
    }
}
