// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@Suite struct ByteStreamTests {
    private func pieces(_ texts: [String]) -> ByteStream {
        ByteStream(
            AsyncStream { continuation in
                for text in texts { continuation.yield(ByteBuffer(string: text)) }
                continuation.finish()
            })
    }

    @Test func collectJoinsPieces() async throws {
        let all = try await pieces(["ab", "", "cde"]).collect(upTo: 5)
        #expect(String(buffer: all) == "abcde")
    }

    @Test func collectRefusesMoreThanTheLimit() async throws {
        await #expect(throws: ByteStreamError.tooLong(limit: 4)) { try await pieces(["ab", "cde"]).collect(upTo: 4) }
        await #expect(throws: ByteStreamError.tooLong(limit: 1)) {
            try await ByteStream(ByteBuffer(string: "ab")).collect(upTo: 1)
        }
    }

    @Test func oneBufferIsGivenOnce() async throws {
        var seen: [String] = []
        for try await piece in ByteStream(ByteBuffer(string: "x")) { seen.append(String(buffer: piece)) }
        #expect(seen == ["x"])
        for try await _ in ByteStream(ByteBuffer()) { Issue.record("an empty stream gave a piece") }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 11, 100])
    func fixedSizePiecesKeepEveryByte(size: Int) async throws {
        let source = ["a", "bcd", "", "efghij", "k"]
        var joined = ""
        var numbers: [Int] = []
        var sizes: [Int] = []
        for try await piece in FixedSizePieces(source: pieces(source), size: size) {
            joined += String(buffer: piece.bytes)
            numbers.append(piece.number)
            sizes.append(piece.bytes.readableBytes)
        }
        #expect(joined == source.joined())
        #expect(numbers == Array(1...numbers.count))
        #expect(sizes.dropLast().allSatisfy { $0 == size })
        #expect((1...size).contains(try #require(sizes.last)))
    }

    @Test func randomAccessReadsWhatIsAskedAndNoMore() async throws {
        let bytes = BufferBytes(ByteBuffer(string: "0123456789"))
        #expect(String(buffer: try await bytes.read(3..<6)) == "345")
        #expect(try await bytes.read(10..<10).readableBytes == 0)
        await #expect(throws: ByteStreamError.outOfBounds(8..<11, size: 10)) { try await bytes.read(8..<11) }
        let streamed = try await bytes.stream(2..<9, blockSize: 3).collect(upTo: 100)
        #expect(String(buffer: streamed) == "2345678")
    }
}
