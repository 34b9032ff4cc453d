// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The text form of keys (BIP 173, without its limit on the length).
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let checksumCount = 6

    /// Lower case; `prefix` is of visible lower-case ASCII.
    static func encode(prefix: String, _ bytes: [UInt8]) -> String {
        var values = regroup(bytes, from: 8, to: 5, padding: true) ?? []
        let checksum = polymod(expand(Array(prefix.utf8)) + values + Array(repeating: 0, count: checksumCount)) ^ 1
        for index in 0..<checksumCount {
            values.append(UInt8(checksum >> UInt32(5 * (checksumCount - 1 - index)) & 31))
        }
        return prefix + "1" + String(decoding: values.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// The prefix in lower case and the bytes.
    ///
    /// - Throws: ``AgeError/badKey(_:)``, which never tells the text: it may be a secret.
    static func decode(_ text: String) throws(AgeError) -> (prefix: String, bytes: [UInt8]) {
        guard text.utf8.allSatisfy({ (33...126).contains($0) }), text.utf8.count <= 8_192 else {
            throw .badKey("it has characters that no key has, or too many")
        }
        let lower = text.lowercased()
        guard text == lower || text == text.uppercased() else { throw .badKey("it mixes capital and small letters") }
        let characters = Array(lower.utf8)
        guard let separator = characters.lastIndex(of: UInt8(ascii: "1")), separator > 0,
            characters.count - separator - 1 >= checksumCount
        else { throw .badKey("it is too short or has no separator") }

        var values: [UInt8] = []
        for character in characters[(separator + 1)...] {
            guard let value = alphabet.firstIndex(of: character) else {
                throw .badKey("it has characters that no key has")
            }
            values.append(UInt8(value))
        }
        let prefix = Array(characters[..<separator])
        guard polymod(expand(prefix) + values) == 1 else { throw .badKey("its checksum is wrong: a typing error?") }
        guard let bytes = regroup(values.dropLast(checksumCount), from: 5, to: 8, padding: false) else {
            throw .badKey("its last character is not canonical")
        }
        return (String(decoding: prefix, as: UTF8.self), bytes)
    }

    private static func expand(_ prefix: [UInt8]) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        let generators: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            for (bit, generator) in generators.enumerated() where top >> UInt32(bit) & 1 == 1 { sum ^= generator }
        }
        return sum
    }

    /// `nil` when bits are left over that are not padding.
    private static func regroup(_ values: some Sequence<UInt8>, from: UInt32, to: UInt32, padding: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for value in values {
            bits = (bits << from | UInt32(value)) & 0xfff
            count += from
            while count >= to {
                count -= to
                result.append(UInt8(bits >> count & (1 << to - 1)))
            }
        }
        if padding {
            if count > 0 { result.append(UInt8(bits << (to - count) & (1 << to - 1))) }
        } else if count >= from || bits & (1 << count - 1) != 0 {
            return nil
        }
        return result
    }
}
