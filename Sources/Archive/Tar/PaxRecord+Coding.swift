// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension PaxRecord {
    /// Bytes of the record in an extended header: `<length> <name>=<value>\n`, where the length counts itself.
    var encodedLength: Int {
        let body = name.utf8.count + value.count + 3
        let guess = body + Self.digits(body)
        // A length that needs one digit more than the body alone counts that digit too.
        return body + Self.digits(guess)
    }

    /// Appends the record.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeString(String(encodedLength))
        buffer.writeInteger(UInt8(ascii: " "))
        buffer.writeString(name)
        buffer.writeInteger(UInt8(ascii: "="))
        buffer.writeBytes(value)
        buffer.writeInteger(UInt8(ascii: "\n"))
    }

    /// Reads the records of one extended header.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when a length is no number, leads outside the header or past its line end.
    static func read(from body: ByteBuffer, at offset: Int64) throws -> [PaxRecord] {
        try body.withUnsafeReadableBytes { bytes in
            var records: [PaxRecord] = []
            var start = 0
            while start < bytes.count {
                guard let record = record(in: bytes, at: &start) else {
                    throw ArchiveError.corrupt("the extended header at tar offset \(offset) has a malformed record")
                }
                records.append(record)
            }
            return records
        }
    }

    private static func digits(_ number: Int) -> Int {
        var count = 1
        var rest = number / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }

    private static func record(in bytes: UnsafeRawBufferPointer, at start: inout Int) -> PaxRecord? {
        var length = 0
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: " ") {
            let digit = bytes[index] &- UInt8(ascii: "0")
            // Eight digits are above every permitted length, so the sum cannot overflow.
            guard digit <= 9, index - start < 8 else { return nil }
            length = length * 10 + Int(digit)
            index += 1
        }
        let end = start + length
        guard index > start, end <= bytes.count, end - 1 > index, bytes[end - 1] == UInt8(ascii: "\n") else {
            return nil
        }
        let text = bytes[(index + 1)..<(end - 1)]
        guard let sign = text.firstIndex(of: UInt8(ascii: "=")), sign > text.startIndex else { return nil }
        start = end
        return PaxRecord(
            name: String(decoding: text[..<sign], as: UTF8.self), value: Array(text[(sign + 1)...]))
    }
}
