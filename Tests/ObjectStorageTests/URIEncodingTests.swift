// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

@Suite struct URIEncodingTests {
    @Test(arguments: [
        ("a//b", "a//b"), ("/lead", "/lead"), ("..", ".."), ("./x/../y", "./x/../y"), ("a+b", "a%2Bb"),
        ("a%b", "a%25b"),
        ("a%2Fb", "a%252Fb"), ("a b", "a%20b"), ("a?b#c", "a%3Fb%23c"), ("é", "%C3%A9"), ("e\u{301}", "e%CC%81"),
        ("a\u{1}b\r\n\t", "a%01b%0D%0A%09"), ("~-._", "~-._"), ("a\\b", "a%5Cb"),
        ("=;,:@!$*()'&", "%3D%3B%2C%3A%40%21%24%2A%28%29%27%26"),
        ("😀", "%F0%9F%98%80"), ("", ""), ("\u{7F}", "%7F"), ("[]{}|^`\"<>", "%5B%5D%7B%7D%7C%5E%60%22%3C%3E"),
    ])
    func keysKeepOnlySlashesAndUnreserved(_ key: String, _ encoded: String) {
        #expect(URIEncoding.encode(ObjectKey(key).bytes, keepingSlash: true) == encoded)
    }

    @Test func valuesEncodeSlashes() {
        #expect(URIEncoding.encode("a/b") == "a%2Fb")
        #expect(URIEncoding.encode([0xFF, 0x00, 0x2F]) == "%FF%00%2F")
    }

    /// Over all 256 bytes: exactly the 66 of RFC 3986 section 2.3 stay, and decoding gives the byte back.
    @Test func everyByteSurvives() {
        var kept = 0
        for byte in UInt8.min...UInt8.max {
            let encoded = URIEncoding.encode([byte])
            if encoded.utf8.count == 1 { kept += 1 }
            #expect(URIEncoding.decodeForm(Array(encoded.utf8)) == [byte])
        }
        #expect(kept == 66)
    }

    @Test(arguments: [
        ("a+b", "a b"), ("a%2Bb", "a+b"), ("a%20b", "a b"), ("%C3%A9", "é"), ("%c3%a9", "é"), ("a/b", "a/b"), ("", ""),
        ("a%2Fb*~", "a/b*~"), ("%25", "%"), ("%2525", "%25"),
    ])
    func decodesForms(_ encoded: String, _ decoded: String) {
        #expect(URIEncoding.decodeForm(Array(encoded.utf8)) == Array(decoded.utf8))
    }

    @Test(arguments: ["%", "%4", "%zz", "a%4g", "100%", "%%41", "a b", "é", "a\u{1}b", "\u{7F}"])
    func refusesBrokenForms(_ text: String) {
        #expect(URIEncoding.decodeForm(Array(text.utf8)) == nil)
    }
}
