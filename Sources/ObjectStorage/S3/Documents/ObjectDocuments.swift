// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

package import struct Foundation.Date

/// Until when a version is protected, and against whom (S3 API, ObjectLockRetention).
package struct ObjectRetention: Hashable, Sendable {
    package enum Mode: String, Sendable {
        /// May be lifted by those with the right to bypass it.
        case governance = "GOVERNANCE"
        /// May be lifted by nobody.
        case compliance = "COMPLIANCE"
    }

    package let mode: Mode
    /// UTC; whole seconds are kept.
    package let until: Date

    package init(mode: Mode, until: Date) {
        self.mode = mode
        self.until = until
    }

    init(_ scanner: inout XMLScanner) throws {
        var mode: Mode?
        var until: Date?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Mode": mode = Mode(rawValue: try scanner.string())
            case "RetainUntilDate": until = try scanner.date()
            default: break
            }
        }
        guard let mode, let until else { throw XMLProblem("a retention lacks its mode or date") }
        self.init(mode: mode, until: until)
    }

    var document: ByteBuffer {
        XMLWriter.document("Retention") { writer in
            writer.element("Mode", mode.rawValue)
            writer.element("RetainUntilDate", Timestamp.extended(until))
        }
    }
}

/// What GetObjectAttributes tells beyond HEAD.
package struct ObjectDetails: Hashable, Sendable {
    /// A part of a multipart object.
    package struct Part: Hashable, Sendable {
        package let number: Int
        /// Bytes.
        package let size: Int64
        /// By algorithm, such as `ChecksumSHA256`: the value in Base64.
        package let checksums: [String: String]
    }

    package var etag: String?
    /// Bytes.
    package var size: Int64?
    package var storageClass: String?
    /// By algorithm, such as `ChecksumCRC64NVME`: the value in Base64; `ChecksumType` tells whether of the whole.
    package var checksums: [String: String] = [:]
    /// At most 10,000; empty for an object stored in one piece, and where checksums were not asked for at upload.
    package var parts: [Part] = []
    var nextPart: Int64?

    init(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "ETag": etag = try scanner.etag()
            case "ObjectSize": size = try scanner.number()
            case "StorageClass": storageClass = try scanner.string()
            case "Checksum":
                try scanner.forEachChild { scanner, name in checksums[name.text] = try scanner.string() }
            case "ObjectParts": try readParts(&scanner)
            default: break
            }
        }
    }

    private mutating func readParts(_ scanner: inout XMLScanner) throws {
        var isTruncated = false
        var marker: Int64?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Part": parts.append(try Self.part(&scanner))
            case "IsTruncated": isTruncated = try scanner.flag()
            case "NextPartNumberMarker": marker = try scanner.number()
            default: break
            }
        }
        nextPart = isTruncated ? marker : nil
    }

    private static func part(_ scanner: inout XMLScanner) throws -> Part {
        var number: Int64 = 0
        var size: Int64 = 0
        var checksums: [String: String] = [:]
        try scanner.forEachChild { scanner, name in
            switch name {
            case "PartNumber": number = try scanner.number()
            case "Size": size = try scanner.number()
            default:
                let algorithm = name.text
                if algorithm.hasPrefix("Checksum") { checksums[algorithm] = try scanner.string() }
            }
        }
        guard (1...10_000).contains(number) else { throw XMLProblem("a part has no number from 1 to 10,000") }
        return Part(number: Int(number), size: size, checksums: checksums)
    }
}

/// The smaller documents about an object.
enum ObjectDocuments {
    /// Reads `Tagging`.
    static func tags(_ scanner: inout XMLScanner) throws -> [Tag] {
        var tags: [Tag] = []
        try scanner.forEachChild { scanner, name in
            guard case "TagSet" = name else { return }
            try scanner.forEachChild { scanner, name in
                guard case "Tag" = name else { return }
                var (key, value) = ("", "")
                try scanner.forEachChild { scanner, name in
                    switch name {
                    case "Key": key = try scanner.string()
                    case "Value": value = try scanner.string()
                    default: break
                    }
                }
                tags.append(Tag(key, value))
            }
        }
        return tags
    }

    /// Writes `Tagging`.
    static func tagging(_ tags: [Tag]) -> ByteBuffer {
        XMLWriter.document("Tagging") { writer in
            writer.element("TagSet") { writer in
                for tag in tags {
                    writer.element("Tag") { writer in
                        writer.element("Key", tag.name)
                        writer.element("Value", tag.value)
                    }
                }
            }
        }
    }

    /// Reads `LegalHold`.
    static func legalHold(_ scanner: inout XMLScanner) throws -> Bool {
        var status = ""
        try scanner.forEachChild { scanner, name in
            if case "Status" = name { status = try scanner.string() }
        }
        return status == "ON"
    }

    /// Writes `LegalHold`.
    static func legalHold(_ isOn: Bool) -> ByteBuffer {
        XMLWriter.document("LegalHold") { $0.element("Status", isOn ? "ON" : "OFF") }
    }
}
