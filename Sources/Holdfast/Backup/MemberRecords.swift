// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import ObjectStorage

/// An object's description as PAX records, and back (format, PAX records).
enum MemberRecords {
    /// The records of a member, in the order of the format page.
    static func records(
        of info: ObjectInfo, at place: VersionPlace = .current, member: [UInt8], sha256: String?
    ) -> [PaxRecord] {
        var records: [PaxRecord] = []
        func add(_ name: String, _ value: [UInt8]) { records.append(PaxRecord(name: name, value: value)) }
        func add(_ name: String, _ value: String?) { if let value { add(name, Array(value.utf8)) } }

        if member != info.key.bytes { add("HOLDFAST.key", info.key.bytes) }
        add("HOLDFAST.version-id", info.version?.rawValue)
        if place.isDeleteMarker { add("HOLDFAST.delete-marker", "1") }
        add("HOLDFAST.etag", info.etag)
        add("HOLDFAST.storage-class", info.attributes.storageClass)
        add("HOLDFAST.part-count", info.partCount.map(String.init))
        add("HOLDFAST.part-size", info.partSize.map { String($0) })
        add("HOLDFAST.sha256", sha256)
        for header in info.attributes.headers { add("HOLDFAST.header.\(header.name)", header.value) }
        for field in info.attributes.metadata { add("HOLDFAST.meta.\(field.name)", field.value) }
        for tag in info.attributes.tags { add("HOLDFAST.tag.\(escaped(tag.name))", tag.value) }
        add("HOLDFAST.acl", ProtectionText.acl(info.acl))
        add("HOLDFAST.retention", ProtectionText.retention(info.retention))
        add("HOLDFAST.legal-hold", ProtectionText.legalHold(info.hasLegalHold))
        // For plain tar --xattrs: the kernel takes names of at most 255 bytes, and one attribute a name.
        var taken: Set<String> = []
        for field in info.attributes.headers + info.attributes.metadata
        where field.name != ObjectAttributes.customerAlgorithm && field.name.utf8.count <= 250 && !field.value.isEmpty
            && taken.insert(field.name).inserted
        {
            add("SCHILY.xattr.user.\(field.name)", field.value)
        }
        return records
    }

    /// What a member of an archive says of its object; the member's own name and times where it says nothing.
    static func info(of member: ArchiveMember) -> ObjectInfo {
        var key = member.name
        var info = ObjectInfo(
            key: ObjectKey([]), size: member.size, etag: "", lastModified: TimeText.date(milliseconds: member.modified))
        for record in member.records {
            let text = String(decoding: record.value, as: UTF8.self)
            switch record.name {
            case "HOLDFAST.key": key = record.value
            case "HOLDFAST.version-id": info.version = VersionID(text)
            case "HOLDFAST.etag": info.etag = text
            case "HOLDFAST.storage-class": info.attributes.storageClass = text
            case "HOLDFAST.part-count": info.partCount = Int(text)
            case "HOLDFAST.part-size": info.partSize = Int64(text).flatMap { $0 >= 0 ? $0 : nil }
            case "HOLDFAST.acl": info.acl = ProtectionText.acl(from: text)
            case "HOLDFAST.retention": info.retention = ProtectionText.retention(from: text)
            case "HOLDFAST.legal-hold": info.hasLegalHold = ProtectionText.hasLegalHold(from: text)
            case let name where name.hasPrefix("HOLDFAST.header."):
                info.attributes.headers.append(Field(String(name.dropFirst(16)), record.value))
            case let name where name.hasPrefix("HOLDFAST.meta."):
                info.attributes.metadata.append(Field(String(name.dropFirst(14)), record.value))
            case let name where name.hasPrefix("HOLDFAST.tag."):
                info.attributes.tags.append(Tag(unescaped(name.dropFirst(13)), text))
            default: break
            }
        }
        info.key = ObjectKey(key)
        return info
    }

    /// A record's name ends at its first `=`, and a tag's name may have one: `%`, `=` and NUL as `%XX`.
    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == 0x25 || $0 == 0x3d || $0 == 0 }) else { return name }
        return name.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "%": text += "%25"
            case "=": text += "%3D"
            case "\0": text += "%00"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func unescaped(_ name: Substring) -> String {
        var rest = Array(name.utf8)[...]
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == 0x25, let value = Hex.bytes(String(decoding: rest.prefix(2), as: UTF8.self))?.first {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where a member stands among the versions of its key.
    static func place(of member: ArchiveMember) -> VersionPlace {
        VersionPlace(
            ordinal: MemberName.ordinal(ofMember: member.name),
            isDeleteMarker: member.records.contains { $0.name == "HOLDFAST.delete-marker" })
    }

    /// The SHA-256 that a member carries, 32 bytes.
    static func sha256(of member: ArchiveMember) -> [UInt8]? {
        member.records.first { $0.name == "HOLDFAST.sha256" }.flatMap {
            Hex.bytes(String(decoding: $0.value, as: UTF8.self))
        }
    }
}

/// Hex digits and bytes.
package enum Hex {
    /// The bytes of an even number of hex digits; `nil` for anything else.
    package static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Lower-case hex digits of bytes.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
