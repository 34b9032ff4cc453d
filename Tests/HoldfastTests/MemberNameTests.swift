// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Testing

@Suite struct MemberNameTests {
    @Test(arguments: [
        "a", "a/b", "photos/2024/é.jpg", "a b", "%41", ".hidden", "a/..b", "x.holdfast", "-rf", "a:b*?\"<>|",
    ])
    func safePathsKeepTheirName(key: String) {
        #expect(MemberName.name(forKey: Array(key.utf8), collides: false) == Array(key.utf8))
    }

    @Test(arguments: [
        ("/a", "%2Fa"), ("a/", "a%2F"), ("a//b", "a%2F%2Fb"), (".", "%2E"), ("..", "%2E%2E"), ("../x", "%2E%2E%2Fx"),
        ("a/./b", "a%2F%2E%2Fb"), ("a\\b", "a%5Cb"), ("a\nb", "a%0Ab"), ("\u{7f}", "%7F"),
        (".backup_metadata.json", "%2Ebackup_metadata%2Ejson"), (".holdfast", "%2Eholdfast"),
        (".holdfast/index", "%2Eholdfast%2Findex"),
    ])
    func unsafeKeysAreEscaped(key: String, expected: String) {
        let name = MemberName.name(forKey: Array(key.utf8), collides: false)
        #expect(String(decoding: name, as: UTF8.self) == ".holdfast/keys/" + expected)
    }

    @Test func invalidUTF8IsEscaped() {
        let name = MemberName.name(forKey: [0x61, 0xff], collides: false)
        #expect(String(decoding: name, as: UTF8.self) == ".holdfast/keys/a%FF")
    }

    @Test func longSegmentsAreEscapedAndCut() throws {
        let key = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
        let name = MemberName.name(forKey: key, collides: false)
        let segments = name.split(separator: UInt8(ascii: "/"))
        #expect(segments.allSatisfy { $0.count <= 201 })
        #expect(segments.dropFirst(2).dropLast().allSatisfy { $0.last == UInt8(ascii: "+") })
        #expect(MemberName.isSafePath([UInt8](repeating: UInt8(ascii: "x"), count: 255)))
    }

    @Test func noEscapedNameIsTheFolderOfAnother() {
        let short = [UInt8](repeating: UInt8(ascii: "x"), count: 200)
        let first = MemberName.name(forKey: short, collides: true)
        let second = MemberName.name(forKey: short + [UInt8(ascii: "y")], collides: true)
        #expect(!second.starts(with: first + [UInt8(ascii: "/")]))
    }

    @Test func keysThatMeetAreEscaped() {
        let name = MemberName.name(forKey: Array("a/b".utf8), collides: true)
        #expect(String(decoding: name, as: UTF8.self) == ".holdfast/keys/a%2Fb")
    }

    @Test func differentKeysHaveDifferentNames() {
        var names: [[UInt8]: [UInt8]] = [:]
        let alphabet = Array("a/.%\\\u{1}+".utf8)
        func extend(_ key: [UInt8]) {
            if !key.isEmpty {
                for collides in [false, true] {
                    let name = MemberName.name(forKey: key, collides: collides)
                    #expect(names[name] == nil || names[name] == key)
                    names[name] = key
                }
            }
            if key.count < 4 { for byte in alphabet { extend(key + [byte]) } }
        }
        extend([])
        #expect(names.count > 2000)
    }
}
