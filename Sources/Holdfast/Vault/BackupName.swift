// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The name of a backup: 1 to 200 of `A-Z a-z 0-9 . _ -`, not starting with `.` or `-` (format, vault layout).
///
/// The one way from outside text to a file name or an object key of the vault, so that no name becomes a path.
package struct BackupName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` naming what is wrong with the text.
    package init(_ text: String) throws {
        func refuse(_ why: String) -> HoldfastError {
            HoldfastError(
                .invalidConfiguration, "“\(text.prefix(220))” is not a name for a backup: \(why).",
                hint: "Use 1 to 200 of the characters A-Z a-z 0-9 . _ - and begin with a letter, a digit or _.")
        }
        guard !text.isEmpty else { throw refuse("it is empty") }
        guard text.utf8.count <= 200 else { throw refuse("it has \(text.utf8.count) bytes, at most 200 are allowed") }
        guard text.utf8.allSatisfy(Self.isAllowed) else { throw refuse("it has a character that is not allowed") }
        guard text.first != ".", text.first != "-" else { throw refuse("it begins with “\(text.prefix(1))”") }
        rawValue = text
    }

    /// The name within `text` when that is a name with or without an archive's extension.
    package init(withoutExtension text: String) throws {
        for suffix in ArchiveFile.suffixes where text.hasSuffix(suffix) && text.utf8.count > suffix.utf8.count {
            try self.init(String(text.dropLast(suffix.count)))
            return
        }
        try self.init(text)
    }

    /// `<prefix>_<bucket>_<YYYYMMDD_HHMMSS>`, UTC.
    package static func generated(prefix: String = "bucket", bucket: String, at date: Date) throws -> BackupName {
        let readable = String(bucket.utf8.map { isAllowed($0) ? Character(UnicodeScalar($0)) : "_" })
        return try BackupName("\(prefix)_\(readable)_\(TimeText.stamp(date))")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    package static func < (left: BackupName, right: BackupName) -> Bool { left.rawValue < right.rawValue }

    package var description: String { rawValue }
}
