// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Names a row in messages: the key where it is printable ASCII, `\xNN` for every other byte, at most 200 bytes of it.
func rowName(_ key: [UInt8], _ ordinal: Int) -> String {
    var text = ""
    for byte in key.prefix(200) {
        if (32..<127).contains(byte), byte != UInt8(ascii: "\\") {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let digits = String(byte, radix: 16)
            text += "\\x" + (digits.count == 1 ? "0" : "") + digits
        }
    }
    if key.count > 200 { text += "…" }
    return "'\(text)', version \(ordinal)"
}
