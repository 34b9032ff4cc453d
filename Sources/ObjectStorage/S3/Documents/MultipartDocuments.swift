// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

import struct Foundation.Date

/// `ListPartsResult`, one page of the parts of an upload.
struct PartsDocument {
    private(set) var parts: [UploadedPart] = []
    private(set) var isTruncated = false
    private(set) var nextMarker: Int64?

    init(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Part": parts.append(try Self.part(&scanner))
            case "IsTruncated": isTruncated = try scanner.flag()
            case "NextPartNumberMarker": nextMarker = try scanner.number()
            default: break
            }
        }
    }

    private static func part(_ scanner: inout XMLScanner) throws -> UploadedPart {
        var number: Int64?
        var etag: String?
        var size: Int64?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "PartNumber": number = try scanner.number()
            case "ETag": etag = try scanner.etag()
            case "Size": size = try scanner.number()
            default: break
            }
        }
        guard let number, (1...10_000).contains(number), let etag, let size else {
            throw XMLProblem("a part lacks its number, ETag or size")
        }
        return UploadedPart(number: Int(number), etag: etag, size: size)
    }
}

/// `ListMultipartUploadsResult`, one page of the uploads in progress.
struct UploadsDocument {
    private(set) var uploads: [PendingUpload] = []
    private(set) var isTruncated = false
    private(set) var nextKey: [UInt8]?
    private(set) var nextUpload: String?

    init(_ scanner: inout XMLScanner) throws {
        var encoding = ListingEncoding.plain
        var rows: [PendingUpload] = []
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Upload": rows.append(try Self.upload(&scanner))
            case "IsTruncated": isTruncated = try scanner.flag()
            case "NextKeyMarker": nextKey = try scanner.rawBytes()
            case "NextUploadIdMarker": nextUpload = try scanner.string()
            case "EncodingType": encoding = try ListingEncoding(&scanner)
            default: break
            }
        }
        uploads = try rows.map { row in
            PendingUpload(
                key: ObjectKey(try encoding.decode(row.key.bytes)), upload: row.upload, initiated: row.initiated)
        }
        nextKey = try nextKey.map { try encoding.decode($0) }
    }

    private static func upload(_ scanner: inout XMLScanner) throws -> PendingUpload {
        var key: [UInt8]?
        var id: String?
        var initiated: Date?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Key": key = try scanner.rawBytes()
            case "UploadId": id = try scanner.string()
            case "Initiated": initiated = try scanner.date()
            default: break
            }
        }
        guard let key, !key.isEmpty, let id, !id.isEmpty else {
            throw XMLProblem("an upload lacks its Key or UploadId")
        }
        return PendingUpload(key: ObjectKey(key), upload: UploadID(id), initiated: initiated)
    }
}

/// The small documents of the multipart calls.
enum MultipartDocuments {
    /// The id in `InitiateMultipartUploadResult`. The key that the answer repeats is ignored: it is not encoded, and
    /// some keys cannot stand in XML.
    static func uploadID(_ scanner: inout XMLScanner) throws -> UploadID {
        var id = ""
        try scanner.forEachChild { scanner, name in
            if case "UploadId" = name { id = try scanner.string() }
        }
        guard !id.isEmpty else { throw XMLProblem("there is no UploadId") }
        return UploadID(id)
    }

    /// The ETag in `CompleteMultipartUploadResult`, `CopyObjectResult` and `CopyPartResult`.
    ///
    /// - Parameter mayLack: whether an answer without one is taken, as empty text.
    static func etag(_ scanner: inout XMLScanner, mayLack: Bool = false) throws -> String {
        var etag = ""
        try scanner.forEachChild { scanner, name in
            if case "ETag" = name { etag = try scanner.etag() }
        }
        guard mayLack || !etag.isEmpty else { throw XMLProblem("there is no ETag") }
        return etag
    }

    /// `CompleteMultipartUpload`.
    static func completion(_ parts: [UploadedPart]) -> ByteBuffer {
        XMLWriter.document("CompleteMultipartUpload") { writer in
            for part in parts {
                writer.element("Part") { writer in
                    writer.element("PartNumber", String(part.number))
                    writer.element("ETag", ETag.quoted(part.etag))
                }
            }
        }
    }
}
