// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension StoreCheck {
    static let versions: [StoreCheck] = [
        StoreCheck("versions are kept and read by their ids", requires: [.versioning]) { scratch in
            var results: [PutResult] = []
            for value: UInt8 in 1...3 { results.append(try await scratch.put("kept", [value])) }
            try expect("distinct ids", Set(results.map(\.version)).count, is: 3)
            for (value, result) in zip([1, 2, 3] as [UInt8], results) {
                let options = GetOptions(version: result.version)
                try expect("content of version \(value)", try await scratch.read("kept", options), is: [value])
                let info = try await scratch.store.head(scratch.key("kept"), version: result.version)
                try expect("version in head", info.version, is: result.version)
            }
            try expect("current content", try await scratch.read("kept"), is: [3])
        },
        StoreCheck("versions and markers are listed newest first", requires: [.versioning]) { scratch in
            let first = try await scratch.put("history", [1])
            _ = try await scratch.store.delete([ObjectReference(scratch.key("history"))])
            let second = try await scratch.put("history", [2, 2])
            let rows = try await rows(scratch, limit: 1000)
            try expect("rows", rows.count, is: 3)
            try expect("ids", [rows[0].info.version, rows[2].info.version], is: [second.version, first.version])
            try expect("markers", rows.map(\.isDeleteMarker), is: [false, true, false])
            try expect("latest", rows.map(\.isLatest), is: [true, false, false])
            try expect("sizes", [rows[0].info.size, rows[2].info.size], is: [2, 1])
        },
        StoreCheck("a deletion hides, and deleting the marker shows again", requires: [.versioning]) { scratch in
            try await scratch.put("hidden", [1])
            let key = scratch.key("hidden")
            _ = try await scratch.store.delete([ObjectReference(key)])
            try await expect("reading", throws: .notFound) { _ = try await scratch.store.head(key, version: nil) }
            try expect("keys", try await scratch.keys(), is: [])
            let marker = try await rows(scratch, limit: 1000).first { $0.isDeleteMarker }
            try expect(marker != nil, "no delete marker is listed")
            _ = try await scratch.store.delete([ObjectReference(key, version: marker?.info.version)])
            try expect("content", try await scratch.read("hidden"), is: [1])
        },
        StoreCheck("deleting one version leaves the others", requires: [.versioning]) { scratch in
            let first = try await scratch.put("pruned", [1])
            let second = try await scratch.put("pruned", [2])
            let reference = ObjectReference(scratch.key("pruned"), version: second.version)
            for outcome in try await scratch.store.delete([reference]) {
                if let error = outcome.error { throw error }
            }
            try expect("current content", try await scratch.read("pruned"), is: [1])
            try expect("ids", try await rows(scratch, limit: 1000).map(\.info.version), is: [first.version])
        },
        StoreCheck("a version listing by pages of one key is complete", requires: [.versioning]) { scratch in
            for value: UInt8 in 1...5 { try await scratch.put("paged", [value]) }
            let whole = try await rows(scratch, limit: 1000).map(\.info.version)
            for limit in [1, 2, 3] {
                let paged = try await rows(scratch, limit: limit).map(\.info.version)
                try expect("ids by pages of \(limit)", paged, is: whole)
            }
        },
        StoreCheck(
            "a version listing of many keys is complete by pages of 1, 3 and 7",
            requires: [.versioning, .completeVersionListing]
        ) { scratch in
            for name in ["p/1", "p/2", "p-o/1", "p-o/2", "p", "p!"] {
                try await scratch.put(name, [1])
                try await scratch.put(name, [2])
            }
            for limit in [1, 3, 7, 1000] {
                let rows = try await rows(scratch, limit: limit)
                let ids = Set(rows.map { [$0.info.key.description, $0.info.version?.rawValue] })
                try expect("rows by pages of \(limit)", rows.count, is: 12)
                try expect("distinct rows by pages of \(limit)", ids.count, is: 12)
            }
        },
        StoreCheck("a walk by delimiter finds every version", requires: [.versioning]) { scratch in
            for name in ["p/1", "p/2", "p-o/1", "p-o/2", "top"] {
                try await scratch.put(name, [1])
                try await scratch.put(name, [2])
            }
            var count = 0
            let walk = versionListingByDelimiter(of: scratch.store, prefix: Array(scratch.prefix.utf8), pageSize: 3)
            for try await page in walk { count += page.versions.count }
            try expect("rows", count, is: 10)
        },
        StoreCheck("each version has its own tags", requires: [.versioning, .tagging]) { scratch in
            let first = try await scratch.put("tagged", [1], ObjectAttributes(tags: [Tag("n", "1")]))
            let second = try await scratch.put("tagged", [2], ObjectAttributes(tags: [Tag("n", "2")]))
            let key = scratch.key("tagged")
            try expect("tags", try await scratch.store.tags(of: key, version: first.version), is: [Tag("n", "1")])
            try expect("tags", try await scratch.store.tags(of: key, version: second.version), is: [Tag("n", "2")])
        },
    ]

    private static func rows(_ scratch: ScratchPrefix, limit: Int) async throws -> [ObjectVersion] {
        var rows: [ObjectVersion] = []
        let pages = versionListing(of: scratch.store, prefix: Array(scratch.prefix.utf8), pageSize: limit)
        for try await page in pages { rows += page.versions }
        return rows
    }
}
