// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How far a misspelt word is from those that would have been right.
enum EditDistance {
    /// The nearest of the words, if one is near enough to be meant.
    static func nearest(to word: String, among words: [String]) -> String? {
        // Longer words are no misspelling, and would cost time that a stranger's file decides.
        guard word.utf8.count <= 64 else { return nil }
        let distances = words.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return nearest.distance <= max(2, nearest.word.utf8.count / 3) ? nearest.word : nil
    }

    /// Levenshtein's distance: bytes to insert, remove or replace.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
