// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ArchiveMember {
    /// The header as it stands before the member's content.
    ///
    /// - Throws: ``ArchiveError/invalidMember(_:)`` for a member that cannot be written.
    package func header() throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try writeHeader(to: &buffer)
        return buffer
    }

    /// Appends the header of the member: a PAX extended header when one is needed, then the ustar header.
    ///
    /// - Throws: ``ArchiveError/invalidMember(_:)`` when no reader would get back what is asked.
    func writeHeader(to buffer: inout ByteBuffer) throws {
        try checkWritable()
        let (type, target, mode) = try headerFields()
        let extra = derivedRecords(target: target)
        let seconds = min(max(wholeSeconds, 0), UstarBlock.largestNumber)

        var length = 0
        for record in extra { length += record.encodedLength }
        for record in records { length += record.encodedLength }
        guard length <= ArchiveLimits.extendedHeader else {
            throw ArchiveError.invalidMember("its PAX records take \(length) bytes")
        }
        if length > 0 {
            UstarBlock.write(
                type: UInt8(ascii: "x"), name: Self.extendedHeaderName, size: Int64(length), seconds: seconds,
                to: &buffer)
            for record in extra { record.write(to: &buffer) }
            for record in records { record.write(to: &buffer) }
            buffer.writeRepeatingByte(0, count: UstarBlock.padding(after: Int64(length)))
        }
        UstarBlock.write(
            type: type, name: name, link: target, mode: mode, size: size > UstarBlock.largestNumber ? 0 : size,
            seconds: seconds, to: &buffer)
    }

    // The name that Python's tarfile uses; archivers that know no PAX extract such members as files of this name.
    private static let extendedHeaderName = Array("././@PaxHeader".utf8)

    private var wholeSeconds: Int64 {
        let (quotient, remainder) = modified.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private func headerFields() throws -> (type: UInt8, target: [UInt8], mode: Int64) {
        switch kind {
        case .file: return (UInt8(ascii: "0"), [], 0o644)
        case .hardLink(let target): return (UInt8(ascii: "1"), target, 0o644)
        case .symbolicLink(let target): return (UInt8(ascii: "2"), target, 0o777)
        case .directory: return (UInt8(ascii: "5"), [], 0o755)
        case .other(let type): throw ArchiveError.invalidMember("members of type \(type) are read, never written")
        }
    }

    /// The records that say what the ustar header cannot.
    private func derivedRecords(target: [UInt8]) -> [PaxRecord] {
        var extra: [PaxRecord] = []
        if Self.wouldBeRespelt(name) || Self.wouldBeRespelt(target) {
            extra.append(PaxRecord(name: "hdrcharset", value: Array("BINARY".utf8)))
        }
        if !Self.fitsHeader(name) { extra.append(PaxRecord(name: "path", value: name)) }
        if !Self.fitsHeader(target) { extra.append(PaxRecord(name: "linkpath", value: target)) }
        if size > UstarBlock.largestNumber { extra.append(PaxRecord(name: "size", value: Array(String(size).utf8))) }
        if modified % 1000 != 0 || wholeSeconds < 0 || wholeSeconds > UstarBlock.largestNumber {
            extra.append(PaxRecord(name: "mtime", value: Array(PaxTime.text(milliseconds: modified).utf8)))
        }
        return extra
    }

    private static func fitsHeader(_ name: [UInt8]) -> Bool {
        name.count <= UstarBlock.nameLength && name.allSatisfy { $0 < 0x80 }
    }

    /// Whether bsdtar might extract `name` under another: it composes what can be composed (NFC), so that two keys would
    /// become one file, unless the header declares its names binary. Composition takes a mark or a Hangul vowel or final
    /// consonant. Only then is the record worth it, for elsewhere readers may convert names that are declared UTF-8.
    private static func wouldBeRespelt(_ name: [UInt8]) -> Bool {
        guard name.contains(where: { $0 >= 0x80 }) else { return false }
        guard let text = String(validating: name, as: UTF8.self) else { return true }
        return text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .spacingMark: true
            default: (0x1160...0x11ff).contains(scalar.value)
            }
        }
    }

    private func checkWritable() throws {
        guard !name.isEmpty, name.count <= ArchiveLimits.name, !name.contains(0) else {
            throw ArchiveError.invalidMember("its name is empty, longer than 32 KiB or has a NUL")
        }
        guard size >= 0, size <= ArchiveLimits.memberContent else {
            throw ArchiveError.invalidMember("its size is \(size) bytes")
        }
        switch kind {
        case .file:
            // GNU tar makes a directory of such a member and drops the content.
            guard name.last != UInt8(ascii: "/") else {
                throw ArchiveError.invalidMember("the name of a file ends in a slash")
            }
        case .hardLink(let target), .symbolicLink(let target):
            guard !target.isEmpty, target.count <= ArchiveLimits.name, !target.contains(0) else {
                throw ArchiveError.invalidMember("its link target is empty, longer than 32 KiB or has a NUL")
            }
            fallthrough
        case .directory, .other:
            guard size == 0 else { throw ArchiveError.invalidMember("only files have content") }
        }
        for record in records {
            let name = record.name.utf8
            guard !name.isEmpty, !name.contains(UInt8(ascii: "=")), !name.contains(0),
                !ExtendedHeader.fieldNames.contains(record.name)
            else {
                throw ArchiveError.invalidMember("\"\(record.name)\" is no name for one of its PAX records")
            }
        }
    }
}
