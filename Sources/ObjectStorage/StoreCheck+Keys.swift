// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

extension StoreCheck {
    /// One check for each odd key, so that a report names the one that fails, and one for all together.
    static func keys(for limits: StoreLimits) -> [StoreCheck] {
        OddKey.all.map { odd in
            StoreCheck("odd key: \(odd.name)", requires: odd.requires) { scratch in
                let key = ObjectKey(Array(scratch.prefix.utf8) + odd.bytes)
                try await store(odd, below: scratch)
                let listed = try await scratch.keys()
                let names = listed.map { ObjectKey($0).description }
                try expect(listed == [key.bytes], "listed as \(names), wanted \(key)")
                let content = try await scratch.read(key)
                try expect("content", content, is: odd.bytes)
                try expect("size", try await scratch.store.head(key, version: nil).size, is: Int64(odd.bytes.count))
                for outcome in try await scratch.store.delete([ObjectReference(key)]) {
                    if let error = outcome.error { throw error }
                }
                try await expect("reading after the deletion", throws: .notFound) {
                    _ = try await scratch.store.head(key, version: nil)
                }
            }
        } + [
            StoreCheck("odd keys beside one another, listed by pages of 7") { scratch in
                let plain = OddKey.keys(for: limits)
                for odd in plain { try await store(odd, below: scratch) }
                let listed = try await scratch.keys(limit: 7)
                let wanted = Set(plain.map { Array(scratch.prefix.utf8) + $0.bytes })
                let wrong = listed.symmetricDifference(wanted).map { ObjectKey($0).description }
                try expect(wrong.isEmpty, "lost or invented: \(wrong.sorted())")
                for odd in plain {
                    let content = try await scratch.read(ObjectKey(Array(scratch.prefix.utf8) + odd.bytes))
                    try expect("content of \(odd.name)", content, is: odd.bytes)
                }
            }
        ]
    }

    private static func store(_ odd: OddKey, below scratch: ScratchPrefix) async throws {
        let key = ObjectKey(Array(scratch.prefix.utf8) + odd.bytes)
        _ = try await scratch.store.put(key, ReplayableBody(ByteBuffer(bytes: odd.bytes)), PutOptions())
    }
}
