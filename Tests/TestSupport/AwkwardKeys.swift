// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage

/// Keys to frighten software with: the known ones, and random ones made of the same stuff.
package struct AwkwardKeys: Sendable {
    private let limits: StoreLimits
    private var generator: SeededGenerator

    /// - Parameter limits: leaves out what such a server cannot hold.
    package init(_ limits: StoreLimits = .all, seed: UInt64 = 1) {
        self.limits = limits
        generator = SeededGenerator(seed: seed)
    }

    /// The known ones, in no particular order.
    package var known: [ObjectKey] {
        OddKey.keys(for: limits).map { ObjectKey($0.bytes) }
    }

    /// `count` different random keys of valid UTF-8, 1 to 1,024 bytes long, no one a directory of another unless the
    /// server bears that.
    package mutating func random(_ count: Int) -> [ObjectKey] {
        var keys: Set<ObjectKey> = []
        var directories: Set<ObjectKey> = []
        while keys.count < count {
            let key = randomKey()
            let parents = Self.parents(of: key)
            if !limits.capabilities.contains(.nestedKeys) {
                guard !directories.contains(key), keys.isDisjoint(with: parents) else { continue }
            }
            directories.formUnion(parents)
            keys.insert(key)
        }
        return keys.sorted()
    }

    private mutating func randomKey() -> ObjectKey {
        let can = limits.capabilities
        var segments: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            var segment = ""
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                segment += Self.pieces.randomElement(using: &generator) ?? "x"
            }
            if can.contains(.backslashes), Int.random(in: 0..<8, using: &generator) == 0 { segment += "\\" }
            if can.contains(.dotSegments), Int.random(in: 0..<16, using: &generator) == 0 { segment = ".." }
            if can.contains(.emptySegments), Int.random(in: 0..<16, using: &generator) == 0 { segment = "" }
            if can.contains(.longSegments), Int.random(in: 0..<32, using: &generator) == 0 {
                segment += String(repeating: "n", count: 200)
            }
            segments.append(segment)
        }
        if segments.allSatisfy(\.isEmpty) { segments = ["x"] }
        if segments.last?.isEmpty == true, !can.contains(.directoryObjects) { segments.append("x") }
        return ObjectKey(segments.joined(separator: "/"))
    }

    /// Each at most 6 bytes, so that six of them stay below 255; none can make a dot segment.
    private static let pieces = [
        "a", "b", "A", "0", "-", "_", "!", "~", "+", " ", "%", "%2F", "%41", "&", "<", ">", "\"", "'", "?", "#", "=",
        ";", ":", ",", "@", "$", "*", "(", ")", "[", "]", "{", "}", "|", "^", "`", "\n", "\r", "\t", "\u{1}", "\u{7F}",
        "\u{E9}", "e\u{301}", "\u{1F600}", "\u{FFFD}", "\u{202E}", "\u{FEFF}", "x.y", "null",
    ]

    private static func parents(of key: ObjectKey) -> Set<ObjectKey> {
        Set(key.bytes.indices.filter { key.bytes[$0] == 47 }.map { ObjectKey(Array(key.bytes[..<$0])) })
    }
}
