// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Random numbers that are the same for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `count` bytes that do not compress.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Words, not bytes: without optimisation each step costs as much as it moves.
            let words = UnsafeMutableRawBufferPointer(buffer)
            var index = 0
            while count - index >= 8 {
                words.storeBytes(of: next().littleEndian, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            var rest = next()
            while index < count {
                buffer[index] = UInt8(truncatingIfNeeded: rest)
                rest >>= 8
                index += 1
            }
            initialized = count
        }
    }

    /// A number below 1, for what takes a random fraction.
    package mutating func fraction() -> Double {
        Double.random(in: 0..<1, using: &self)
    }
}
