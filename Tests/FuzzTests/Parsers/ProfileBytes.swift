// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

@testable import HoldfastCommand

/// The INI files of the AWS tools.
enum ProfileBytes {
    static func read(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        let sections = AWSProfile.profileSections(text)
        try demand(sections.values.allSatisfy { !$0.values.contains("") }, "a setting without a value")
        // Elsewhere a mark may join the character before it, which is then no longer a sign of the grammar.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return }
        let again = sections.map { heading, settings in
            "[\(heading)]\n" + settings.map { "\($0)=\($1)\n" }.joined()
        }
        try demand(
            AWSProfile.profileSections(again.joined()) == sections,
            "sections are not what they were when written and read")
    }
}
