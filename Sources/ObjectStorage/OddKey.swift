// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A key that S3 allows and software trips over.
package struct OddKey: Sendable {
    package let name: String
    package let bytes: [UInt8]
    /// What a server needs to hold it; a server without rewrites or refuses it.
    package let requires: Set<StoreCapability>

    init(_ name: String, _ key: String, requires: Set<StoreCapability> = []) {
        self.name = name
        bytes = Array(key.utf8)
        self.requires = requires
    }

    /// Keys that do not depend on what stands before them. Lengths leave room for a prefix of 64 bytes.
    package static let all: [OddKey] = [
        OddKey("repeated slash", "twice//slashed", requires: [.emptySegments]),
        OddKey("slashes at the end", "ending//", requires: [.emptySegments, .directoryObjects]),
        OddKey("slash at the beginning", "/leading", requires: [.emptySegments]),
        OddKey("dot segment", "dot/./segment", requires: [.dotSegments]),
        OddKey("dot dot segment", "dot/../../segment", requires: [.dotSegments]),
        OddKey("dot dot", "..", requires: [.dotSegments]),
        OddKey("hidden", ".hidden"),
        OddKey("dots in names", "..a../b..c/...d"),
        OddKey("backslash", "back\\slash", requires: [.backslashes]),
        OddKey("drive letter", "C:\\Users\\x", requires: [.backslashes]),
        OddKey("plus", "a+b"),
        OddKey("percent", "100%"),
        OddKey("encoded slash", "a%2Fb"),
        OddKey("encoded letter", "a%41b"),
        OddKey("encoded space and plus", "a%20b+c d"),
        OddKey("spaces", "a b  c"),
        OddKey("spaces around", " around "),
        OddKey("ampersand", "a&b&amp;c"),
        OddKey("markup", "<a href=\"x\">'y'</a>"),
        OddKey("question and hash", "a?b=c#d"),
        OddKey("punctuation", "=;,:@!$*()[]{}|^`~'"),
        OddKey("newline", "a\nb"),
        OddKey("carriage return", "a\rb\r\nc"),
        OddKey("tab", "a\tb"),
        OddKey("control character", "a\u{1}b"),
        OddKey("escape sequence", "a\u{1b}[31mred"),
        OddKey("delete", "a\u{7f}b"),
        OddKey("emoji", "emoji-\u{1F600}-\u{1F468}\u{200D}\u{1F469}"),
        OddKey("beyond the base plane", "\u{10FFFD}-\u{FFFD}"),
        OddKey("right to left", "\u{202E}evitcaf"),
        OddKey("composed", "caf\u{E9}"),
        OddKey("decomposed", "cafe\u{301}"),
        OddKey("upper case", "CASE"),
        OddKey("lower case", "case"),
        OddKey("byte order mark", "\u{FEFF}mark"),
        OddKey("option", "--delete"),
        OddKey("segment of 255 bytes", String(repeating: "s", count: 255)),
        OddKey("segment of 256 bytes", String(repeating: "t", count: 256), requires: [.longSegments]),
        OddKey("one segment of 960 bytes", String(repeating: "\u{E9}", count: 480), requires: [.longSegments]),
        OddKey("960 bytes in segments", String(repeating: "0123456789abcde/", count: 59) + "0123456789abcdef"),
        OddKey("100 levels", String(repeating: "d/", count: 100) + "leaf"),
        OddKey("directory marker", "folder/", requires: [.directoryObjects]),
        OddKey("a", "nested", requires: [.nestedKeys]),
        OddKey("a beside a/b", "nested/inner", requires: [.nestedKeys]),
        OddKey("between them in byte order", "nested!"),
        OddKey("soap", "soap"),
        OddKey("Windows device", "CON"),
        OddKey("like a query", "?versions"),
        OddKey("looks like a number", "007"),
    ]

    /// The keys that a server can hold.
    package static func keys(for limits: StoreLimits) -> [OddKey] {
        all.filter { $0.requires.isSubset(of: limits.capabilities) }
    }
}
