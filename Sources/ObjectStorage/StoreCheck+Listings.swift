// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension StoreCheck {
    static let listings: [StoreCheck] = [
        StoreCheck("a listing is complete by pages of 1, 2, 7 and 1000") { scratch in
            let names = ["a-1", "a.2", "a0", "b/1", "b/2", "b!", "b/c/3", "b-/4", "c", "d/e/f/g"]
            for name in names { try await scratch.put(name) }
            let wanted = Set(names.map { scratch.key($0).bytes })
            for limit in [1, 2, 7, 1000] {
                let found = try await scratch.keys(limit: limit)
                let wrong = found.symmetricDifference(wanted).map { ObjectKey($0).description }
                try expect(wrong.isEmpty, "by pages of \(limit), lost or invented: \(wrong.sorted())")
            }
        },
        StoreCheck("a listing is in byte order", requires: [.byteOrder, .nestedKeys]) { scratch in
            for name in ["a/b", "a", "a!b", "a-b", "a0", "B", "\u{FFE6}", "\u{1F600}"] { try await scratch.put(name) }
            var keys: [ObjectKey] = []
            for try await page in listing(of: scratch.store, prefix: Array(scratch.prefix.utf8), pageSize: 3) {
                keys += page.objects.map(\.key)
            }
            try expect("order", keys, is: keys.sorted())
            try expect("keys", keys.count, is: 8)
        },
        StoreCheck("a prefix selects whole directories") { scratch in
            for name in ["x/1", "x/2/3", "y/1", "xy/1"] { try await scratch.put(name) }
            let wanted = Set(["x/1", "x/2/3"].map { scratch.key($0).bytes })
            try expect("keys below x/", try await scratch.keys("x/"), is: wanted)
            try expect("keys below z/", try await scratch.keys("z/"), is: [])
        },
        StoreCheck("a prefix may end anywhere", requires: [.partialPrefixes]) { scratch in
            for name in ["photo-1", "photo-2", "phone", "photos/1"] { try await scratch.put(name) }
            let wanted = Set(["photo-1", "photo-2", "photos/1"].map { scratch.key($0).bytes })
            try expect("keys below photo", try await scratch.keys("photo"), is: wanted)
        },
        StoreCheck("a delimiter folds what lies behind it") { scratch in
            for name in ["a/1", "a/2", "b/c/3", "d", "e-f"] { try await scratch.put(name) }
            for limit in [1, 2, 1000] {
                var objects: [ObjectKey] = []
                var prefixes: [[UInt8]] = []
                var token: String?
                repeat {
                    let page = try await scratch.store.list(
                        ListQuery(
                            prefix: Array(scratch.prefix.utf8), delimiter: "/", continuation: token, limit: limit))
                    objects += page.objects.map(\.key)
                    prefixes += page.commonPrefixes
                    token = page.continuation
                    try expect(objects.count + prefixes.count <= 8, "more than there is, by pages of \(limit)")
                } while token != nil
                try expect("objects", Set(objects), is: Set(["d", "e-f"].map { scratch.key($0) }))
                try expect("prefixes", Set(prefixes), is: Set(["a/", "b/"].map { scratch.key($0).bytes }))
                try expect("rows by pages of \(limit)", objects.count + prefixes.count, is: 4)
            }
        },
        StoreCheck("a walk by delimiter finds what the listing finds") { scratch in
            let names = ["a/1", "a/b/2", "a/b/c/3", "a-b/4", "d", "e/f/5", "e/f/6"]
            for name in names { try await scratch.put(name) }
            var found: [[UInt8]] = []
            let walk = listingByDelimiter(of: scratch.store, prefix: Array(scratch.prefix.utf8), pageSize: 2)
            for try await page in walk { found += page.objects.map(\.key.bytes) }
            try expect("keys walked", found.count, is: names.count)
            try expect("keys", Set(found), is: try await scratch.keys())
        },
    ]
}
