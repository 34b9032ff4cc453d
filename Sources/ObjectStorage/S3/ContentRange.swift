// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The `Content-Range` of an answer with part of an object (RFC 7233 section 4.2).
struct ContentRange: Equatable {
    let range: Range<Int64>
    /// Bytes of the whole object.
    let total: Int64

    /// Reads `bytes 0-9/100`. An unknown total (`*`) is not accepted: S3 always knows it.
    init?(_ value: [UInt8]) {
        var rest = value[...]
        guard rest.starts(with: "bytes ".utf8) else { return nil }
        rest = rest.dropFirst(6)
        guard let first = Self.number(&rest), rest.popFirst() == UInt8(ascii: "-"),
            let last = Self.number(&rest), rest.popFirst() == UInt8(ascii: "/"),
            let total = Self.number(&rest), rest.isEmpty, first <= last, last < total
        else { return nil }
        range = first..<last + 1
        self.total = total
    }

    /// Up to 18 digits, which fit into 63 bits.
    private static func number(_ text: inout ArraySlice<UInt8>) -> Int64? {
        let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard (1...18).contains(digits.count) else { return nil }
        text = text.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
