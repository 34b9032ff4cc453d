// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts requests to servers, repeated ones too, by operation and status.
package final class RequestCounter: Sendable {
    /// What is counted apart.
    package struct Kind: Hashable, Sendable {
        /// As in the S3 API: `GetObject`.
        package let operation: String
        /// The HTTP status; 0 when no answer came.
        package let status: Int
    }

    private let counts = Mutex<[Kind: Int]>([:])

    package init() {}

    /// How many there were since the process began.
    package var reading: [Kind: Int] { counts.withLock { $0 } }

    func count(_ operation: StaticString, _ status: Int) {
        counts.withLock { $0[Kind(operation: "\(operation)", status: status), default: 0] += 1 }
    }
}
