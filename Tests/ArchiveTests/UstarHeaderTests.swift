// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import Archive

@Suite struct UstarHeaderTests {
    private func header(of member: ArchiveMember) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try member.writeHeader(to: &buffer)
        return buffer
    }

    private func readBack(_ member: ArchiveMember) async throws -> ArchiveMember? {
        try await TarReader(ByteStream(header(of: member))).next()
    }

    @Test func blockHasTheFieldsOfPosix() throws {
        let block = try header(
            of: ArchiveMember(name: Array("photos/a.jpg".utf8), size: 1234, modified: 1_700_000_000_000))
        let bytes = Array(block.readableBytesView)
        #expect(bytes.count == 512)
        #expect(Array(bytes[0..<13]) == Array("photos/a.jpg\u{0}".utf8))
        #expect(Array(bytes[100..<124]) == Array("0000644\u{0}0000000\u{0}0000000\u{0}".utf8))
        #expect(Array(bytes[124..<136]) == Array("00000002322\u{0}".utf8))
        #expect(Array(bytes[136..<148]) == Array("14524770400\u{0}".utf8))
        #expect(bytes[154] == 0 && bytes[155] == 32 && bytes[156] == UInt8(ascii: "0"))
        #expect(Array(bytes[257..<265]) == Array("ustar\u{0}00".utf8))
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += (148..<156).contains(index) ? 32 : Int(byte) }
        let stored = String(decoding: bytes[148..<154], as: UTF8.self)
        #expect(Int(stored, radix: 8) == sum)
    }

    @Test(arguments: [1, 99, 100, 101, 155, 255, 256, 1023, 1024, 32 << 10])
    func namesOfAnyLengthSurvive(length: Int) async throws {
        let plain = [UInt8](repeating: UInt8(ascii: "n"), count: length)
        let member = ArchiveMember(name: plain, size: 3)
        let record = PaxRecord(name: "path", value: plain).encodedLength
        #expect(try header(of: member).readableBytes == (length <= 100 ? 512 : 1024 + (record + 511) / 512 * 512))
        #expect(try await readBack(member) == member)
        let multibyte = Array(Array(repeating: "ё日🗝", count: length).joined().utf8.prefix(length))
        #expect(try await readBack(ArchiveMember(name: multibyte))?.name == multibyte)
    }

    @Test(arguments: ["ключ", "é", "e\u{301}", "a/b/c d+%.txt", "./x", "../x", "/abs", "tab\tnew\nline"])
    func namesAreBytes(name: String) async throws {
        #expect(try await readBack(ArchiveMember(name: Array(name.utf8)))?.name == Array(name.utf8))
    }

    @Test(
        arguments: [
            0, 1, 511, 512, 513, 0o77_777_777_777, 0o77_777_777_777 + 1, 9 << 30, 1 << 50, ArchiveLimits.memberContent,
        ] as [Int64])
    func sizesSurvive(size: Int64) async throws {
        let member = ArchiveMember(name: Array("big".utf8), size: size)
        #expect(try await readBack(member) == member)
        #expect(try header(of: member).readableBytes == (size > 0o77_777_777_777 ? 1536 : 512))
    }

    @Test(
        arguments: [
            (0, nil), (1, "0.001"), (1_700_000_000_120, "1700000000.12"), (-1, "-0.001"), (-1500, "-1.5"),
            (-2000, "-2"), (8_589_934_591_000, nil), (8_589_934_592_000, "8589934592"), (999, "0.999"),
        ] as [(Int64, String?)])
    func timesSurvive(milliseconds: Int64, record: String?) async throws {
        let member = ArchiveMember(name: Array("t".utf8), modified: milliseconds)
        #expect(try await readBack(member) == member)
        let header = String(decoding: try header(of: member).readableBytesView, as: UTF8.self)
        #expect(header.contains("mtime=") == (record != nil))
        if let record { #expect(header.contains(" mtime=\(record)\n")) }
    }

    @Test(arguments: [
        ArchiveMember(name: Array("l".utf8), kind: .hardLink(to: Array("target".utf8))),
        ArchiveMember(name: Array("l".utf8), kind: .hardLink(to: Array(repeating: 0x61, count: 300))),
        ArchiveMember(name: Array("l".utf8), kind: .symbolicLink(to: Array("../ключ".utf8))),
        ArchiveMember(name: Array("d/".utf8), kind: .directory),
        ArchiveMember(
            name: Array("r".utf8), size: 7,
            records: [
                PaxRecord(name: "HOLDFAST.key", value: [0, 0xff, 10, 61, 32]),
                PaxRecord(name: "HOLDFAST.meta.empty", value: []),
                PaxRecord(name: "SCHILY.xattr.user.a b", value: Array("x=y\n".utf8)),
            ]),
    ])
    func kindsAndRecordsSurvive(member: ArchiveMember) async throws {
        #expect(try await readBack(member) == member)
    }

    @Test(arguments: [
        ArchiveMember(name: []),
        ArchiveMember(name: [0x61, 0]),
        ArchiveMember(name: Array("dir/".utf8)),
        ArchiveMember(name: [UInt8](repeating: 0x61, count: 32 << 10 + 1)),
        ArchiveMember(name: [0x61], size: -1),
        ArchiveMember(name: [0x61], size: .max),
        ArchiveMember(name: [0x61], kind: .directory, size: 1),
        ArchiveMember(name: [0x61], kind: .hardLink(to: [])),
        ArchiveMember(name: [0x61], kind: .other(UInt8(ascii: "3"))),
        ArchiveMember(name: [0x61], records: [PaxRecord(name: "", value: [])]),
        ArchiveMember(name: [0x61], records: [PaxRecord(name: "a=b", value: [])]),
        ArchiveMember(name: [0x61], records: [PaxRecord(name: "size", value: [0x31])]),
        ArchiveMember(name: [0x61], records: [PaxRecord(name: "x", value: [UInt8](repeating: 1, count: 1 << 20))]),
    ])
    func membersThatNoReaderWouldGiveBackAreRefused(member: ArchiveMember) {
        #expect {
            try header(of: member)
        } throws: { error in
            if case ArchiveError.invalidMember = error { true } else { false }
        }
    }

    @Test(arguments: [
        ("\u{e9}", false), ("e\u{301}", true), ("\u{1112}\u{1161}", true), ("\u{d55c}", false), ("日本語 🗝", false),
        ("plain", false),
    ])
    func namesThatComposeAreDeclaredBinary(name: String, binary: Bool) async throws {
        for kind in [ArchiveMember.Kind.file, .hardLink(to: Array(name.utf8))] {
            let member = ArchiveMember(name: Array(name.utf8), kind: kind)
            let header = String(decoding: try header(of: member).readableBytesView, as: UTF8.self)
            #expect(header.contains("21 hdrcharset=BINARY\n") == binary)
            #expect(try await readBack(member) == member)
        }
    }

    @Test func namesThatAreNoTextSurvive() async throws {
        let member = ArchiveMember(name: [0x61, 0xff, 0xfe, 0x80])
        #expect(String(decoding: try header(of: member).readableBytesView, as: UTF8.self).contains("hdrcharset=BINARY"))
        #expect(try await readBack(member) == member)
    }

    @Test func fallbackNameIsAsciiAndNoDirectory() throws {
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 99) + Array("/é".utf8)
        let bytes = Array(try header(of: ArchiveMember(name: name)).readableBytesView)
        #expect(Array(bytes[1024..<1124]) == [UInt8](repeating: UInt8(ascii: "a"), count: 99) + [UInt8(ascii: "_")])
    }
}
