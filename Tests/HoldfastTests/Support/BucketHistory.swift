// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams

/// Everything that a bucket with versions holds, as a user can see it. Ids and times are left out: a server makes them.
struct BucketHistory: Sendable {
    enum Event: Equatable, Sendable {
        case version(Seen, hasID: Bool)
        case marker(hasID: Bool)
    }

    /// Newest first.
    private(set) var events: [ObjectKey: [Event]] = [:]

    /// Reads every version into memory; prefix by prefix, because not every server lists versions right otherwise.
    init(of store: any ObjectStore) async throws {
        for try await page in versionListingByDelimiter(of: store) {
            for version in page.versions {
                let (key, id) = (version.info.key, version.info.version)
                let hasID = id != .null
                if version.isDeleteMarker {
                    events[key, default: []].append(.marker(hasID: hasID))
                    continue
                }
                let body = try await store.get(key, GetOptions(version: id))
                var seen = Seen(try await body.bytes.collect(upTo: 1 << 26), body.info.attributes)
                seen.attributes.tags = try await store.tags(of: key, version: id)
                events[key, default: []].append(.version(seen, hasID: hasID))
            }
        }
    }

    var count: Int { events.values.reduce(0) { $0 + $1.count } }

    /// What is different in another bucket, for people; none when both are the same.
    func differences(from other: BucketHistory) -> [String] {
        Set(events.keys).union(other.events.keys).sorted().compactMap { key in
            events[key] == other.events[key]
                ? nil : "\(key): \(events[key, default: []]), \(other.events[key, default: []])"
        }
    }
}
