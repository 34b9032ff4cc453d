// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The quoted form in which entity tags travel (RFC 7232 section 2.3).
extension ETag {
    /// `"abc"` and `W/"abc"` as `abc`; a text without quotes stays as it is.
    static func unquoted(_ bytes: UnsafeRawBufferPointer) -> String {
        var slice = bytes[...]
        while let first = slice.first, XMLScanner.isSpace(first) { slice = slice.dropFirst() }
        while let last = slice.last, XMLScanner.isSpace(last) { slice = slice.dropLast() }
        if slice.starts(with: "W/\"".utf8) { slice = slice.dropFirst(2) }
        if slice.count >= 2, slice.first == UInt8(ascii: "\""), slice.last == UInt8(ascii: "\"") {
            slice = slice.dropFirst().dropLast()
        }
        return String(decoding: slice, as: UTF8.self)
    }

    static func unquoted(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { unquoted($0) }
    }

    static func quoted(_ etag: String) -> String {
        "\"\(etag)\""
    }
}
