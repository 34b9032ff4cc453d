// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Bytes that do not shrink.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        var word = generator.next()
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }
    return Array(bytes.prefix(count))
}

/// Bytes that shrink as source code does.
func text(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    let words = ["backup", "bucket", "catalog", "frame", "holdfast", "index", "object", "vault", "= ", "{\n", "}\n"]
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    while bytes.count < count {
        bytes += words[Int(generator.next() % UInt64(words.count))].utf8
        bytes.append(UInt8(ascii: " "))
    }
    return Array(bytes.prefix(count))
}
