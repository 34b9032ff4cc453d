// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

extension StoreCheck {
    static let contents: [StoreCheck] = [
        StoreCheck("a key that is not there is not found") { scratch in
            let key = scratch.key("missing")
            try await expect("get", throws: .notFound) { _ = try await scratch.store.get(key, GetOptions()) }
            try await expect("head", throws: .notFound) { _ = try await scratch.store.head(key, version: nil) }
            try await expect("tags", throws: .notFound, .notImplemented) {
                _ = try await scratch.store.tags(of: key, version: nil)
            }
        },
        StoreCheck("an object of no bytes is an object") { scratch in
            try await scratch.put("empty", [])
            try expect("content", try await scratch.read("empty"), is: [])
            let info = try await scratch.store.head(scratch.key("empty"), version: nil)
            try expect("size", info.size, is: 0)
            try expect("keys", try await scratch.keys(), is: [scratch.key("empty").bytes])
        },
        StoreCheck("bytes come back as they went") { scratch in
            for count in [1, 255, 65_536, 1_000_003] {
                let content = patterned(count, seed: count)
                let result = try await scratch.put("bytes", content)
                try expect(try await scratch.read("bytes") == content, "content of \(count) bytes differs")
                let info = try await scratch.store.head(scratch.key("bytes"), version: nil)
                try expect("size", info.size, is: Int64(count))
                try expect("ETag from head", info.etag, is: result.etag)
                try expect(!info.etag.contains("\""), "ETag \(info.etag) has quotes")
            }
        },
        StoreCheck("a body that is streamed arrives whole") { scratch in
            let content = patterned(3_000_000)
            let body = ReplayableBody(length: Int64(content.count)) {
                BufferBytes(ByteBuffer(bytes: content)).stream(0..<Int64(content.count), blockSize: 70_000)
            }
            _ = try await scratch.store.put(scratch.key("streamed"), body, PutOptions())
            try expect(try await scratch.read("streamed") == content, "content differs")
        },
        StoreCheck("a body above wholeUpTo is streamed, one up to it is not") { scratch in
            let content = patterned(300_000)
            try await scratch.put("body", content)
            let whole = try await scratch.store.get(scratch.key("body"), GetOptions(wholeUpTo: content.count))
            try expect("bytes in memory", whole.bytes.whole?.readableBytes, is: content.count)
            let streamed = try await scratch.store.get(scratch.key("body"), GetOptions(wholeUpTo: content.count - 1))
            try expect(streamed.bytes.whole == nil, "a body above wholeUpTo was collected")
            try expect("length", streamed.length, is: Int64(content.count))
            let bytes = try await streamed.bytes.collect(upTo: content.count)
            try expect(Array(bytes.readableBytesView) == content, "streamed content differs")
        },
        StoreCheck("a listing tells size and ETag as head does") { scratch in
            try await scratch.put("listed", patterned(1234))
            let info = try await scratch.store.head(scratch.key("listed"), version: nil)
            let page = try await scratch.store.list(ListQuery(prefix: Array(scratch.prefix.utf8)))
            try expect("objects", page.objects.count, is: 1)
            try expect("size", page.objects.first?.size, is: info.size)
            try expect("ETag", page.objects.first?.etag, is: info.etag)
        },
    ]

    static let reading: [StoreCheck] = [
        StoreCheck("a range gives its bytes and the whole size") { scratch in
            let content = patterned(100_000)
            try await scratch.put("ranged", content)
            for range: Range<Int64> in [0..<1, 0..<100_000, 99_999..<100_000, 4096..<70_001] {
                let body = try await scratch.store.get(scratch.key("ranged"), GetOptions(range: range))
                try expect("length of \(range)", body.length, is: Int64(range.count))
                try expect("size of the object", body.info.size, is: 100_000)
                let bytes = try await body.bytes.collect(upTo: range.count)
                let wanted = content[Int(range.lowerBound)..<Int(range.upperBound)]
                try expect(bytes.readableBytesView.elementsEqual(wanted), "content of \(range) differs")
            }
        },
        StoreCheck("a range over the end gives what is there, one behind it nothing") { scratch in
            let content = patterned(1000)
            try await scratch.put("short", content)
            let options = GetOptions(range: 900..<2000)
            try expect("content", try await scratch.read("short", options), is: Array(content[900...]))
            try await expect("range behind the end", throws: .rangeNotSatisfiable) {
                _ = try await scratch.store.get(scratch.key("short"), GetOptions(range: 1000..<2000))
            }
        },
        StoreCheck("random access reads any range and notices a replaced object") { scratch in
            let content = patterned(50_000)
            try await scratch.put("random", content)
            let bytes = try await scratch.store.randomAccess(to: scratch.key("random"))
            try expect("size", bytes.size, is: 50_000)
            let middle = try await bytes.read(20_000..<20_100)
            try expect("content", Array(middle.readableBytesView), is: Array(content[20_000..<20_100]))
            try expect("an empty range", try await bytes.read(50_000..<50_000).readableBytes, is: 0)
            try await scratch.put("random", patterned(50_000, seed: 1))
            try await expect("reading after a replacement", throws: .preconditionFailed) {
                _ = try await bytes.read(0..<10)
            }
        },
        StoreCheck("ifMatch reads the named content and no other") { scratch in
            let result = try await scratch.put("matched", [1, 2, 3])
            let content = try await scratch.read("matched", GetOptions(ifMatch: result.etag))
            try expect("content", content, is: [1, 2, 3])
            try await scratch.put("matched", [4, 5, 6])
            try await expect("reading with the old ETag", throws: .preconditionFailed) {
                _ = try await scratch.store.get(scratch.key("matched"), GetOptions(ifMatch: result.etag))
            }
        },
    ]
}
