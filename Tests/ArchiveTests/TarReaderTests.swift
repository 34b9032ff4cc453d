// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import Archive

@Suite struct TarReaderTests {
    /// A header block made by hand, with its checksum.
    private func block(
        _ name: String, type: Character = "0", size: String = "0", time: String = "0", magic: String = "ustar\u{0}00",
        prefix: String = "", link: String = "", raw: [Int: [UInt8]] = [:]
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
        }
        put(name, 0)
        put(size, 124)
        put(time, 136)
        put(link, 157)
        put(magic, 257)
        put(prefix, 345)
        bytes[156] = type == "\u{0}" ? 0 : (type.asciiValue ?? 0)
        for (offset, value) in raw { bytes.replaceSubrange(offset..<(offset + value.count), with: value) }
        put("        ", 148)
        put(String(bytes.reduce(0) { $0 + Int($1) }, radix: 8) + "\u{0} ", 148)
        return bytes
    }

    private func padded(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: UstarBlock.padding(after: Int64(text.utf8.count)))
    }

    /// An extended header of given records, `x` or `g`.
    private func extended(_ type: Character, _ records: (String, String)...) -> [UInt8] {
        var body = ByteBuffer()
        for (name, value) in records { PaxRecord(name: name, value: Array(value.utf8)).write(to: &body) }
        let text = String(decoding: body.readableBytesView, as: UTF8.self)
        return block("pax", type: type, size: String(text.utf8.count, radix: 8)) + padded(text)
    }

    private let end = [UInt8](repeating: 0, count: 1024)

    private func members(_ tar: [UInt8]) async throws -> [ArchiveMember] {
        try await readTar(ByteStream(ByteBuffer(bytes: tar))).samples.map(\.member)
    }

    private func expectCorrupt(_ tar: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) async {
        await #expect(sourceLocation: sourceLocation) {
            try await members(tar)
        } throws: { error in
            if case ArchiveError.corrupt = error { true } else { false }
        }
    }

    @Test func oldFormatsAreRead() async throws {
        let tar =
            block("old", type: "\u{0}", size: "3", magic: "") + padded("abc")
            + block("dir/", type: "\u{0}", magic: "")
            + block("name", size: "00000000000 ", prefix: "a/prefix")
            + block("gnu", magic: "ustar  \u{0}", prefix: "not a prefix") + end
        let found = try await members(tar)
        #expect(found.map { String(decoding: $0.name, as: UTF8.self) } == ["old", "dir/", "a/prefix/name", "gnu"])
        #expect(found.map(\.kind) == [.file, .directory, .file, .file])
        #expect(found[0].size == 3)
    }

    @Test func gnuLongNamesAreRead() async throws {
        let long = String(repeating: "n", count: 600)
        let tar =
            block("././@LongLink", type: "L", size: "1131", magic: "ustar  \u{0}") + padded(long + "\u{0}")
            + block("././@LongLink", type: "K", size: "4", magic: "ustar  \u{0}") + padded("to!\u{0}")
            + block("short", type: "2", link: "x") + end
        let found = try await members(tar)
        #expect(found == [ArchiveMember(name: Array(long.utf8), kind: .symbolicLink(to: Array("to!".utf8)))])
    }

    /// Every member has them all, so that each of many small members would cost what many records cost.
    @Test func globalRecordsAreLimited() async throws {
        let most = (0..<ArchiveLimits.globalRecords).flatMap { extended("g", ("name-\($0)", "x")) }
        let read = try await members(most + block("a") + end)
        #expect(read.first?.records.count == ArchiveLimits.globalRecords)
        await #expect {
            try await members(most + extended("g", ("one-more", "x")) + block("a") + end)
        } throws: { error in
            if case ArchiveError.unsupported = error { true } else { false }
        }
    }

    @Test func globalRecordsHoldUntilReplaced() async throws {
        let tar =
            extended("g", ("a", "first"), ("comment", "x")) + block("one")
            + extended("x", ("a", "second")) + block("two") + end
        let found = try await members(tar)
        #expect(found[0].records.map(\.name) == ["a", "comment"])
        #expect(found[1].records.map(\.name) == ["comment", "a"])
        #expect(found[1].records.last?.value == Array("second".utf8))
    }

    @Test func baseTwoFiftySixSizes() async throws {
        let nineGiB: [UInt8] = [0x80, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0]
        let reader = TarReader(ByteStream(ByteBuffer(bytes: block("big", raw: [124: nineGiB]))))
        #expect(try await reader.next()?.size == 9 << 30)
        let old: [UInt8] = [UInt8](repeating: 0xff, count: 12)
        #expect(try await members(block("before", raw: [136: old]) + end).first?.modified == -1000)
    }

    @Test(arguments: [
        [124: [UInt8](repeating: 0xff, count: 12)],  // minus one
        [124: [0x80, 0x7f] + [UInt8](repeating: 0xff, count: 10)],  // beyond 64 bits
        [124: [0x80, 0, 0, 0, 0x02] + [UInt8](repeating: 0, count: 7)],  // beyond every object
        [124: Array("00000000009 ".utf8)],
        [124: Array("-1".utf8)],
        [124: Array("1 2".utf8)],
        [124: [0x90] + [UInt8](repeating: 0, count: 11)],
        [136: Array("x".utf8)],
        [136: [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7)],
    ])
    func impossibleNumbersAreRefused(raw: [Int: [UInt8]]) async {
        await expectCorrupt(block("bad", raw: raw) + end)
    }

    @Test func linksAndDirectoriesHaveNoContent() async throws {
        let tar =
            block("hard", type: "1", size: "1000", link: "one") + block("dir/", type: "5", size: "1000")
            + block("dev", type: "3") + block("file", size: "1") + padded("x") + end
        let found = try await readTar(ByteStream(ByteBuffer(bytes: tar)))
        #expect(found.samples.map(\.member.size) == [0, 0, 0, 1])
        #expect(found.samples[2].member.kind == .other(UInt8(ascii: "3")))
        #expect(found.proper)
    }

    @Test func hostileNamesAreReportedAsTheyAre() async throws {
        let found = try await members(block("../x") + block("/etc/passwd") + block("a/../../b") + end)
        #expect(found.map { String(decoding: $0.name, as: UTF8.self) } == ["../x", "/etc/passwd", "a/../../b"])
    }

    @Test func wrongChecksumIsCorrupt() async {
        var tar = block("name") + end
        tar[3] ^= 1
        await expectCorrupt(tar)
        await expectCorrupt(noise(2048))
    }

    @Test func extendedHeadersAreBounded() async {
        await expectCorrupt(block("x", type: "x", size: "4000001") + end)
        await expectCorrupt(block("L", type: "L", size: "77777777777") + end)
        let name = String(repeating: "n", count: 32 << 10 + 1)
        await expectCorrupt(
            block("L", type: "L", size: String(name.utf8.count, radix: 8)) + padded(name) + block("f") + end)
        let half = extended("x", ("k", String(repeating: "v", count: 600_000)))
        await expectCorrupt(half + half + block("f") + end)
    }

    @Test(arguments: [
        ("size", "1e9"), ("size", "-1"), ("size", "99999999999999999"), ("size", "9999999999999999999"), ("mtime", "x"),
    ])
    func lyingRecordsAreCorrupt(name: String, value: String) async {
        await expectCorrupt(extended("x", (name, value)) + block("f") + end)
    }

    @Test func sparseFilesAreNotTakenForTheirBytes() async {
        let pax = extended("x", ("GNU.sparse.major", "1")) + block("f") + end
        for tar in [pax, block("old", type: "S") + end] {
            await #expect {
                try await members(tar)
            } throws: { error in
                if case ArchiveError.unsupported = error { true } else { false }
            }
        }
    }

    @Test func endsAreToldApart() async throws {
        let member = block("a", size: "1") + padded("x")
        let zeros = [UInt8](repeating: 0, count: 512)
        let cases: [([UInt8], Bool)] = [
            (member, false), (member + zeros, false), (member + zeros + zeros, true),
            (member + [UInt8](repeating: 0, count: 10240), true), (member + zeros + member, false),
            (member + end + [1], false), ([], false), (end, true),
        ]
        for (tar, proper) in cases {
            for length in [1, 100, 512, 1 << 20] {
                #expect(try await readTar(pieces(of: ByteBuffer(bytes: tar), length: length)).proper == proper)
            }
        }
    }

    @Test func truncationWithinAMemberIsAnError() async throws {
        let tar =
            extended("x", ("a", "b")) + block("a", size: "1130")
            + padded(String(repeating: "y", count: 600)) + end
        let whole = try await readTar(ByteStream(ByteBuffer(bytes: tar)))
        #expect(whole.samples.count == 1 && whole.proper)
        // Before the first block, and from the end of the content on, the cut is at a block border.
        for length in 1..<(3 * 512 + 1024) {
            await #expect {
                try await readTar(ByteStream(ByteBuffer(bytes: tar[..<length])))
            } throws: { error in
                if case ArchiveError.truncated = error { true } else { false }
            }
        }
    }

    @Test func piecesOfAnyLengthGiveTheSame() async throws {
        let samples = [
            Sample("a", text(1000)), Sample("b/" + String(repeating: "c", count: 200), noise(513)), Sample("e", []),
        ]
        var tar = ByteBuffer()
        for sample in samples {
            try sample.member.writeHeader(to: &tar)
            tar.writeBytes(sample.content)
            tar.writeRepeatingByte(0, count: UstarBlock.padding(after: sample.member.size))
        }
        tar.writeRepeatingByte(0, count: 1024)
        for length in [1, 7, 511, 512, 513, 4096] {
            let found = try await readTar(pieces(of: tar, length: length))
            #expect(found.samples.map(\.member) == samples.map(\.member))
            #expect(found.samples.map(\.content) == samples.map(\.content))
            #expect(found.proper)
        }
        let reader = TarReader(pieces(of: tar, length: 100))
        var offsets: [Int64] = []
        while try await reader.next() != nil { offsets.append(reader.contentOffset) }
        #expect(offsets == [512, 3072, 4608])
    }
}
