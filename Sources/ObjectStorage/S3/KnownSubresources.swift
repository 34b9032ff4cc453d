// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Which sub-resources of objects a server has shown to know, by bucket.
///
/// Some servers pass over a query they do not know: there, `PUT key?tagging` replaces the object by the XML of the
/// tags, and `DELETE key?tagging` deletes it. So a sub-resource is read once before it is first written.
final class KnownSubresources: Sendable {
    private let known = Mutex<Set<String>>([])

    func contains(_ name: String, of bucket: String) -> Bool {
        known.withLock { $0.contains("\(name) \(bucket)") }
    }

    func insert(_ name: String, of bucket: String) {
        known.withLock { _ = $0.insert("\(name) \(bucket)") }
    }
}
