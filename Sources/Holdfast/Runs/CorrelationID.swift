// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage

/// The id that ties together what is done for one request: log lines, runs, and requests to servers.
package enum CorrelationID {
    /// What a client sent, or a new one where that is nothing that could stand in a header or a log.
    package static func accepting(_ text: String?) -> String {
        if let text, Correlation.isAcceptable(text) { return text }
        return UUID().uuidString.lowercased()
    }

    /// Runs something under an id.
    package static func with<Value>(_ id: String, _ body: () async throws -> Value) async rethrows -> Value {
        try await Correlation.$id.withValue(id) { try await body() }
    }

    /// The id that this is done under.
    package static var current: String? { Correlation.id }
}
