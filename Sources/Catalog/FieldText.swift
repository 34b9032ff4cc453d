// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The JSON text of a list of fields: `[["name","value"],…]`, so that order and repeated names survive.
///
/// A name or value that is not UTF-8 is `{"base64":"…"}` in place of the string. Written by hand because it is most of
/// what an object costs: the general encoder takes longer than the insertion into SQLite.
enum FieldText {
    /// `nil` for an empty list.
    static func encode(_ fields: [CatalogField]) -> String? {
        guard !fields.isEmpty else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(fields.reduce(2) { $0 + $1.name.utf8.count + $1.value.count + 8 })
        for field in fields {
            text.append(text.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            text.append(UInt8(ascii: "["))
            append(Array(field.name.utf8), to: &text)
            text.append(UInt8(ascii: ","))
            append(field.value, to: &text)
            text.append(UInt8(ascii: "]"))
        }
        text.append(UInt8(ascii: "]"))
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` when the text is not a list of fields.
    static func decode(_ text: String) -> [CatalogField]? {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            var fields: [CatalogField] = []
            guard scanner.take("[") else { return nil }
            if !scanner.take("]") {
                repeat {
                    guard scanner.take("["), let name = element(&scanner), scanner.take(","),
                        let value = element(&scanner), scanner.take("]"),
                        let name = String(validating: name, as: UTF8.self)
                    else { return nil }
                    fields.append(CatalogField(name: name, value: value))
                } while scanner.take(",")
                guard scanner.take("]") else { return nil }
            }
            return scanner.isAtEnd ? fields : nil
        }
    }

    private static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        if bytes.contains(where: { $0 >= 0x80 }), String(validating: bytes, as: UTF8.self) == nil {
            text.append(contentsOf: #"{"base64":""#.utf8)
            text.append(contentsOf: Data(bytes).base64EncodedData())
            text.append(contentsOf: #""}"#.utf8)
            return
        }
        text.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0..<0x20:
                text.append(contentsOf: byte < 0x10 ? #"\u000"#.utf8 : #"\u00"#.utf8)
                text.append(contentsOf: String(byte, radix: 16).utf8)
            default:
                text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func element(_ scanner: inout JSONScanner) -> [UInt8]? {
        guard scanner.take("{") else { return scanner.string() }
        guard let name = scanner.string(), name.elementsEqual("base64".utf8), scanner.take(":"),
            let text = scanner.string(), scanner.take("}")
        else { return nil }
        return Data(base64Encoded: Data(text)).map(Array.init)
    }
}
