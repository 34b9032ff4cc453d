// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Archive

@Suite struct PaxRecordTests {
    /// The lengths count their own digits: at 9 to 10, 98 to 101, 998 to 1,002 bytes that is where mistakes live.
    @Test(arguments: Array(0...120) + Array(980...1010) + Array(9_985...10_005))
    func lengthCountsItself(valueLength: Int) throws {
        let record = PaxRecord(name: "k", value: [UInt8](repeating: UInt8(ascii: "v"), count: valueLength))
        var buffer = ByteBuffer()
        record.write(to: &buffer)
        #expect(buffer.readableBytes == record.encodedLength)
        let stated = buffer.readableBytesView.prefix { $0 != UInt8(ascii: " ") }
        #expect(Int(String(decoding: stated, as: UTF8.self)) == buffer.readableBytes)
        #expect(try PaxRecord.read(from: buffer, at: 0) == [record])
    }

    @Test func exampleOfTheStandardHolds() {
        // "6 a=b\n" has six bytes, "9 abc=de\n" nine; ten there cannot be, "11 abc=def\n" has eleven.
        #expect(PaxRecord(name: "a", value: Array("b".utf8)).encodedLength == 6)
        #expect(PaxRecord(name: "abc", value: Array("de".utf8)).encodedLength == 9)
        #expect(PaxRecord(name: "abc", value: Array("def".utf8)).encodedLength == 11)
    }

    @Test func valuesAreAnyBytes() throws {
        let records = [
            PaxRecord(name: "HOLDFAST.key", value: Array(0...255)), PaxRecord(name: "z", value: Array("12 a=b\n".utf8)),
        ]
        var buffer = ByteBuffer()
        for record in records { record.write(to: &buffer) }
        #expect(try PaxRecord.read(from: buffer, at: 0) == records)
    }

    @Test(arguments: [
        "6 a=b", "7 a=b\n", "5 a=b\n", "a=b\n", " a=b\n", "6 a b\n", "6 =bc\n", "-6 a=b\n", "0 \n", "3 \n", "2 ",
        "99999999999999999999 a=b\n", "123456789 a=b\n", "6 a=b\n\0", "1", "1\n", "6\ta=b\n",
    ])
    func malformedRecordsAreRefused(text: String) {
        #expect(throws: ArchiveError.corrupt("the extended header at tar offset 7 has a malformed record")) {
            try PaxRecord.read(from: ByteBuffer(string: text), at: 7)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("1.5", 1500), ("1.0009", 1000), ("-1.5", -1500), ("-0.0001", -1), ("-1.0001", -1001),
            ("7.", 7000),
            ("1700000000.123456789", 1_700_000_000_123), ("9223372036854775", 9_223_372_036_854_775_000),
            ("9223372036854776", nil), ("99999999999999999999", nil), ("", nil), ("-", nil), ("1.x", nil), ("0x1", nil),
            ("1e9", nil), (".5", nil), ("--1", nil), ("+1", nil), ("-9223372036854775.8061", -.max),
            ("-9223372036854775.8071", nil), ("-9223372036854775.808", nil),
        ] as [(String, Int64?)])
    func timesAreDecimal(text: String, milliseconds: Int64?) {
        #expect(PaxTime.milliseconds(Array(text.utf8)) == milliseconds)
    }

    @Test(arguments: [0, 1, -1, 999, 1000, -1000, 1_700_000_000_001, -1_500, .max, -.max] as [Int64])
    func timesRoundTrip(milliseconds: Int64) {
        #expect(PaxTime.milliseconds(Array(PaxTime.text(milliseconds: milliseconds).utf8)) == milliseconds)
    }
}
