// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage

/// Whether a passphrase withstands somebody who has the vault and time.
///
/// A rough measure, on the safe side: what everybody tries first (common words, runs, repetitions) counts as one
/// character, the rest as drawn from the kinds of characters that occur.
enum PassphraseStrength {
    /// Trying one takes about a second and 256 MiB, so 2 to the 60 of them take a million machines 30,000 years.
    private static let wantedBits = 60.0
    private static let wantedLength = 12

    private static let commonWords = [
        "password", "passphrase", "passwort", "holdfast", "backup", "secret", "admin", "welcome", "letmein", "qwertz",
        "qwerty", "asdf", "login", "master", "minio", "storage", "bucket", "changeme", "default", "test", "root",
        "iloveyou", "monkey", "dragon", "football", "sunshine", "princess", "abc", "company", "summer", "winter",
    ]

    /// Why the passphrase is too weak; `nil` when it is not. Never repeats any of it.
    static func weakness(of passphrase: Secret) -> String? {
        let text = passphrase.reveal().precomposedStringWithCanonicalMapping
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            return "it has control characters, which cannot be typed again"
        }
        guard text.count >= wantedLength else {
            return "it has \(text.count) characters, and at least \(wantedLength) are wanted"
        }
        let kept = withoutRuns(withoutCommonWords(text.lowercased()))
        guard Set(kept).count >= 6 else {
            return "it says little: repetitions, rows of neighbours and common words count as one character"
        }
        let bits = Double(kept.count) * log2(Double(alphabet(of: text)))
        guard bits >= wantedBits else {
            return "it can be guessed: about \(Int(bits)) bits of chance, and \(Int(wantedBits)) are wanted"
        }
        return nil
    }

    private static func withoutCommonWords(_ text: String) -> String {
        commonWords.reduce(text) { $0.replacingOccurrences(of: $1, with: "_") }
    }

    /// `aaaa` and `4567` say as much as their first character.
    private static func withoutRuns(_ text: String) -> [Unicode.Scalar] {
        var kept: [Unicode.Scalar] = []
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            let step = previous.map { abs(Int64(scalar.value) - Int64($0.value)) } ?? 2
            if step > 1 { kept.append(scalar) }
            previous = scalar
        }
        return kept
    }

    /// How many characters there are of the kinds that occur.
    private static func alphabet(of text: String) -> Int {
        let scalars = text.unicodeScalars
        func has(_ range: ClosedRange<Unicode.Scalar>) -> Bool { scalars.contains(where: range.contains) }
        var count = 0
        if has("a"..."z") { count += 26 }
        if has("A"..."Z") { count += 26 }
        if has("0"..."9") { count += 10 }
        let hasOthers = scalars.contains { !("a"..."z" ~= $0 || "A"..."Z" ~= $0 || "0"..."9" ~= $0) }
        return max(2, count + (hasOthers ? 32 : 0))
    }
}
