// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

extension StoreCheck {
    static let writing: [StoreCheck] = [
        StoreCheck("a second put replaces content and attributes") { scratch in
            try await scratch.put("replaced", [1, 2, 3], ObjectAttributes(metadata: [Field("first", "yes")]))
            try await scratch.put("replaced", [4], ObjectAttributes(metadata: [Field("second", "yes")]))
            try expect("content", try await scratch.read("replaced"), is: [4])
            let info = try await scratch.store.head(scratch.key("replaced"), version: nil)
            try expect("metadata", info.attributes.metadata, is: [Field("second", "yes")])
        },
        StoreCheck("put with ifAbsent creates and never replaces", requires: [.conditionalPut]) { scratch in
            let options = PutOptions(ifAbsent: true)
            let key = scratch.key("once")
            _ = try await scratch.store.put(key, ReplayableBody(ByteBuffer(string: "first")), options)
            try await expect("a second put", throws: .preconditionFailed) {
                _ = try await scratch.store.put(key, ReplayableBody(ByteBuffer(string: "second")), options)
            }
            try expect("content", try await scratch.read("once"), is: Array("first".utf8))
        },
        StoreCheck("of many puts with ifAbsent one wins", requires: [.conditionalPut]) { scratch in
            let key = scratch.key("raced")
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for racer in 0..<8 {
                    group.addTask {
                        do {
                            let body = ReplayableBody(ByteBuffer(string: "racer \(racer)"))
                            _ = try await scratch.store.put(key, body, PutOptions(ifAbsent: true))
                            return true
                        } catch let error as ObjectStoreError where error.refusesExistingKey {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect("winners", wins, is: 1)
        },
    ]

    static let deletions: [StoreCheck] = [
        StoreCheck("deleting what is not there succeeds") { scratch in
            let reference = ObjectReference(scratch.key("never"))
            let outcomes = try await scratch.store.delete([reference])
            try expect("objects", outcomes.map(\.object), is: [reference])
            try expect("error", outcomes.first?.error?.code, is: nil)
            try expect("deletions of nothing", try await scratch.store.delete([]).count, is: 0)
        },
        StoreCheck("a batch of deletions gives one outcome each, in order") { scratch in
            let names = (0..<25).map { "batch-\($0)" }
            for name in names.prefix(20) { try await scratch.put(name) }
            try await scratch.put("kept")
            let references = names.shuffled().map { ObjectReference(scratch.key($0)) }
            let outcomes = try await scratch.store.delete(references)
            try expect("order", outcomes.map(\.object), is: references)
            for outcome in outcomes {
                if let error = outcome.error { throw error }
            }
            try expect("keys left", try await scratch.keys(), is: [scratch.key("kept").bytes])
        },
        StoreCheck("a deleted object is not read, listed or found") { scratch in
            try await scratch.put("gone")
            _ = try await scratch.store.delete([ObjectReference(scratch.key("gone"))])
            try await expect("get", throws: .notFound) {
                _ = try await scratch.store.get(scratch.key("gone"), GetOptions())
            }
            try expect("keys", try await scratch.keys(), is: [])
        },
    ]

    static let concurrency: [StoreCheck] = [
        StoreCheck("many puts at once all arrive") { scratch in
            try await (0..<40).forEachConcurrently(width: 16) { index in
                try await scratch.put("many/\(index)", patterned(1000, seed: index))
            }
            try expect("keys", try await scratch.keys().count, is: 40)
            try await (0..<40).forEachConcurrently(width: 16) { index in
                let content = try await scratch.read("many/\(index)")
                try expect(content == patterned(1000, seed: index), "content of many/\(index) differs")
            }
        },
        StoreCheck("a reader sees the old object or the new one", requires: [.atomicOverwrite]) { scratch in
            let contents = [patterned(20_000, seed: 1), patterned(20_000, seed: 2)]
            try await scratch.put("swapped", contents[0])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<20 { try await scratch.put("swapped", contents[round % 2]) }
                }
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<20 {
                            let content = try await scratch.read("swapped")
                            try expect(contents.contains(content), "a mixture of two objects was read")
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
        StoreCheck("a cancelled request ends in CancellationError and does no harm") { scratch in
            try await scratch.put("steady", [1, 2, 3])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // The cancellation may fall between two requests; then the check in front of the next ends the loop.
                    while true {
                        try Task.checkCancellation()
                        _ = try await scratch.read("steady")
                    }
                }
                _ = try await scratch.read("steady")
                group.cancelAll()
                do { try await group.waitForAll() } catch is CancellationError {}
            }
            try expect("content afterwards", try await scratch.read("steady"), is: [1, 2, 3])
        },
    ]
}
