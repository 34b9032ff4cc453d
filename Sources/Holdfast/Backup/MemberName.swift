// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import ObjectStorage

/// The name under which an object lies in the archive (format, member names).
///
/// A key that is a safe relative path keeps it, so that plain `tar` brings it back; every other key is escaped below
/// `.holdfast/keys/`, where no two keys can meet and nothing can climb out.
package enum MemberName {
    /// - Parameter collides: whether another key of the bucket is a folder of this one, or the other way round.
    package static func name(forKey key: [UInt8], collides: Bool) -> [UInt8] {
        !collides && isSafePath(key) ? key : Array(".holdfast/keys/".utf8) + escaped(key)
    }

    /// The name of one version of an object: the key's own for the current one. Older ones and delete markers have a place
    /// where plain `tar` brings none of them back as the object.
    static func name(of info: ObjectInfo, at place: VersionPlace, collides: Bool) -> [UInt8] {
        guard !place.isCurrent else { return name(forKey: info.key.bytes, collides: collides) }
        let version = escaped(Array((info.version?.rawValue ?? "").utf8))
        return Array(versions.utf8) + escaped(info.key.bytes) + Array("/\(place.ordinal)-".utf8) + version
    }

    /// Where a member's name says that it stands among the versions of its key.
    static func ordinal(ofMember name: [UInt8]) -> Int {
        guard name.starts(with: versions.utf8) else { return 0 }
        let segments = name.dropFirst(versions.utf8.count).split(separator: UInt8(ascii: "/"))
        // The escaped key ends with the first segment that does not go on.
        let place = segments.drop { $0.last == UInt8(ascii: "+") }.dropFirst().first ?? []
        return Int(String(decoding: place.prefix { $0 != UInt8(ascii: "-") }, as: UTF8.self)) ?? 0
    }

    private static let versions = ".holdfast/versions/"

    /// Whether a key may lie in a file system as it is.
    package static func isSafePath(_ key: [UInt8]) -> Bool {
        guard !key.isEmpty, !key.contains(where: { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "\\") }) else {
            return false
        }
        guard isUTF8(key), key != Array(ArchiveLayout.metadataName.utf8) else { return false }
        let segments = key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard segments.first.map({ !$0.elementsEqual(".holdfast".utf8) }) ?? false else { return false }
        return segments.allSatisfy { segment in
            (1...255).contains(segment.count) && !segment.elementsEqual(".".utf8) && !segment.elementsEqual("..".utf8)
        }
    }

    /// Every byte but letters, digits, `-` and `_` as `%XX`, cut into segments of at most 200 bytes. All but the last
    /// segment end in `+`, so that a key is never the folder of a longer one.
    package static func escaped(_ key: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        var segment = 0
        for byte in key {
            let encoded =
                isUnreserved(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            if segment + encoded.count > 200 {
                result += Array("+/".utf8)
                segment = 0
            }
            result += encoded
            segment += encoded.count
        }
        return result
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 < 128 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
