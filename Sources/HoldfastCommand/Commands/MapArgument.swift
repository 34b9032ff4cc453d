// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// Two prefixes as they are written on the command line: `2026/=archive/2026/`.
///
/// Prefixes such as `year=2026/` are common, so that which `=` is meant has to be said: the others are written `\=`.
enum MapArgument {
    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> KeyMapping.Rule {
        let sides = try split(argument)
        guard sides.count == 2 else {
            throw ValidationError(
                "write OLD=NEW with one equals sign between, and \\= for one that is part of a prefix")
        }
        guard sides[0] != sides[1] else { throw ValidationError("both prefixes are the same") }
        return KeyMapping.Rule(old: sides[0], new: sides[1])
    }

    /// What stands between the equals signs that are not written `\=`.
    static func split(_ argument: String) throws -> [[UInt8]] {
        var sides: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in argument.utf8 {
            switch (byte, isEscaped) {
            case (UInt8(ascii: "\\"), false): isEscaped = true
            case (UInt8(ascii: "="), false): sides.append([])
            case (UInt8(ascii: "\\"), true), (UInt8(ascii: "="), true), (_, false):
                sides[sides.count - 1].append(byte)
                isEscaped = false
            default: throw ValidationError("write \\\\ for a backslash, and \\= for an equals sign")
            }
        }
        guard !isEscaped else { throw ValidationError("write \\\\ for a backslash") }
        return sides
    }
}

/// A tag as it is written on the command line: `team=a`, or `team` for any value.
enum TagArgument {
    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> TagRule {
        let sides = try MapArgument.split(argument).map { String(decoding: $0, as: UTF8.self) }
        guard sides.count <= 2, let name = sides.first, !name.isEmpty else {
            throw ValidationError("write NAME=VALUE or NAME, and \\= for an equals sign that is part of either")
        }
        return TagRule(name: name, value: sides.count == 2 ? sides[1] : nil)
    }
}
