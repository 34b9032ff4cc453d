// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The two documents of DeleteObjects.
struct DeleteDocument {
    /// What the answer says of one object.
    struct Entry {
        var key: [UInt8] = []
        var version: String?
        /// `nil` when it was deleted.
        var error: ErrorDocument?
    }

    private(set) var entries: [Entry] = []

    /// Reads `DeleteResult`.
    init(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Deleted": entries.append(try Self.entry(&scanner, failed: false))
            case "Error": entries.append(try Self.entry(&scanner, failed: true))
            default: break
            }
        }
    }

    private static func entry(_ scanner: inout XMLScanner, failed: Bool) throws -> Entry {
        var entry = Entry()
        var error = ErrorDocument()
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Key": entry.key = try scanner.rawBytes()
            case "VersionId":
                let version = try scanner.string()
                entry.version = version.isEmpty ? nil : version
            case "Code": error.code = try scanner.string()
            case "Message": error.message = try scanner.string()
            default: break
            }
        }
        if failed { entry.error = error }
        return entry
    }

    /// Writes `Delete`. Not in quiet mode: two servers answer that wrongly, and only the full answer proves that each
    /// object was dealt with.
    static func request(_ objects: [ObjectReference]) -> ByteBuffer {
        XMLWriter.document("Delete") { writer in
            for object in objects {
                writer.element("Object") { writer in
                    writer.element("Key", object.key.bytes)
                    if let version = object.version { writer.element("VersionId", version.rawValue) }
                }
            }
        }
    }
}
