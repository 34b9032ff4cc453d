// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import ObjectStorage

@Suite struct XMLTests {
    /// The text of the element `a` at the root.
    private func text(_ document: String) throws -> String {
        try ByteBuffer(string: document).withUnsafeReadableBytes { bytes in
            var scanner = XMLScanner(bytes)
            guard case "a" = try scanner.root() else { return "not a" }
            return try scanner.string()
        }
    }

    @Test(arguments: [
        ("<a>x</a>", "x"), ("<a/>", ""), ("<a />", ""), ("<a></a>", ""), ("<a> x </a>", " x "),
        ("<?xml version=\"1.0\"?>\n<!-- c --><a>x</a>\n<!-- d -->", "x"), ("\u{FEFF}<a>x</a>", "x"),
        ("<a xmlns=\"http://s3\" b='>' c=\"/\">x</a >", "x"), ("<s3:a>x</s3:a>", "x"),
        ("<a>x<!-- - --y</a>--></a>", "x"),
        ("<a>1 &lt; 2 &amp;&amp; 3 &gt; 2 &quot;&apos;</a>", "1 < 2 && 3 > 2 \"'"),
        ("<a>&#13;&#xA;&#x1F600;&#1;&#000065;</a>", "\r\n😀\u{1}A"), ("<a><![CDATA[<&>]]></a>", "<&>"),
        ("<a>x<![CDATA[]]y]]>z&amp;</a>", "x]]yz&"), ("<a>x<?pi ?>y</a>", "xy"), ("<a><![CDATA[]]></a>", ""),
        ("<a>\u{1}\u{8}</a>", "\u{1}\u{8}"), ("<a>]]></a>", "]]>"),
    ])
    func readsText(_ document: String, _ expected: String) throws {
        #expect(try text(document) == expected)
    }

    @Test(arguments: [
        "", "   ", "x", "x<a/>", "<", "<a", "<a>", "<a>x", "<a>x</", "<a>x</a", "<a>x</b>", "<a>&</a>", "<a>&amp</a>",
        "<a>&nbsp;</a>", "<a>&#;</a>", "<a>&#x;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#99999999999;</a>",
        "<a>&#1a;</a>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><!ELEMENT b></a>",
        "<a><![CDATA[x</a>", "<a><!-- x</a>", "<?xml <a/>", "<a b=\"></a>", "<a <b/></a>", "</a>", "<>x</>",
        "<a>x<b/></a>",
        "{\"a\": 1}",
    ])
    func refusesWhatIsNotXML(_ document: String) {
        #expect(throws: XMLProblem.self) { try text(document) }
    }

    private func scan(_ document: String) throws -> Int {
        try ByteBuffer(string: document).withUnsafeReadableBytes { bytes in
            var scanner = XMLScanner(bytes)
            var events = 0
            while true {
                if case .done = try scanner.next() { return events }
                events += 1
            }
        }
    }

    @Test func wholeDocumentsHaveOneRoot() throws {
        #expect(try scan("<a><b/>x<c>y</c></a>") == 8)
        #expect(throws: XMLProblem.self) { try scan("<a/><b/>") }
        #expect(throws: XMLProblem.self) { try scan("<a/>x") }
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(try scan(nested(32)) == 64)
        #expect(throws: XMLProblem.self) { try scan(nested(33)) }
        #expect(throws: XMLProblem.self) { try scan(String(repeating: "<a>", count: 1_000_000)) }
    }

    private func number(_ text: String) throws -> Int64 {
        try ByteBuffer(string: "<n>\(text)</n>").withUnsafeReadableBytes { bytes in
            var scanner = XMLScanner(bytes)
            _ = try scanner.root()
            return try scanner.number()
        }
    }

    @Test func numbersAreBounded() throws {
        #expect(try number("0") == 0)
        #expect(try number("\n 007 ") == 7)
        #expect(try number("9223372036854775807") == .max)
        for bad in ["", " ", "-1", "+1", "1.0", "9223372036854775808", "99999999999999999999", "0x1", "1 2"] {
            #expect(throws: XMLProblem.self, "\(bad)") { try number(bad) }
        }
    }

    /// A document cut anywhere must be refused, not taken for a shorter one.
    @Test func everyPrefixOfAListingIsRefused() throws {
        let document =
            "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><IsTruncated>false</IsTruncated>"
            + "<Contents><Key>a&amp;b</Key><Size>1</Size><LastModified>2009-10-12T17:50:30.000Z</LastModified></Contents>"
            + "<!-- c --><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>"
        func decode(_ text: Substring) throws -> ListDocument {
            try ByteBuffer(substring: text).withUnsafeReadableBytes { bytes in
                var scanner = XMLScanner(bytes)
                guard case "ListBucketResult" = try scanner.root() else { throw XMLProblem("another root") }
                return try ListDocument(&scanner)
            }
        }
        let whole = try decode(document[...])
        #expect(whole.page.objects.map(\.key) == [ObjectKey("a&b")])
        #expect(whole.page.commonPrefixes == [Array("p/".utf8)])
        for end in document.indices {
            #expect(throws: XMLProblem.self) { try decode(document[..<end]) }
        }
    }

    @Test func writesWhatParsersGiveBack() throws {
        let key = Array("a<b>&\"'\r\n\t\u{1}é".utf8)
        let document = XMLWriter.document("Delete") { $0.element("Key", key) }
        #expect(
            String(buffer: document)
                == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Key>a&lt;b&gt;&amp;&quot;'&#13;&#10;&#9;&#1;é"
                + "</Key></Delete>")
        let read = try document.withUnsafeReadableBytes { bytes in
            var scanner = XMLScanner(bytes)
            _ = try scanner.root()
            var found: [UInt8] = []
            try scanner.forEachChild { scanner, _ in found = try scanner.rawBytes() }
            return found
        }
        #expect(read == key)
    }

    @Test(arguments: [
        (Array("plain/é\t\r\n😀".utf8), true), ([0x61, 0x01], false), ([0xFF], false), ([0xC3], false),
        (Array("\u{FFFE}".utf8), false), (Array("\u{FFFD}".utf8), true), ([0x00], false), ([0x7F], true),
    ])
    func knowsWhatXMLCanCarry(_ bytes: [UInt8], _ expected: Bool) {
        #expect(XMLWriter.canCarry(bytes) == expected)
    }
}
