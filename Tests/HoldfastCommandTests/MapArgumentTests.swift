// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import Testing

@testable import HoldfastCommand

@Suite("Prefixes of --map")
struct MapArgumentTests {
    @Test(
        "Two prefixes with an equals sign between",
        arguments: [
            ("a/=b/", "a/", "b/"), ("=copy/", "", "copy/"), ("old/=", "old/", ""), ("ü=é", "ü", "é"),
            (#"year\=2026/=y/2026/"#, "year=2026/", "y/2026/"), (#"a\\b=c\=\\"#, #"a\b"#, #"c=\"#),
        ])
    func parsed(argument: String, old: String, new: String) throws {
        let rule = try MapArgument.parse(argument)
        #expect(rule.old == Array(old.utf8))
        #expect(rule.new == Array(new.utf8))
    }

    @Test("What is not clear is refused", arguments: ["", "a", "a=b=c", "=", "a=a", #"a\b=c"#, #"a=b\"#])
    func refused(argument: String) {
        #expect(throws: ValidationError.self) { try MapArgument.parse(argument) }
    }
}
