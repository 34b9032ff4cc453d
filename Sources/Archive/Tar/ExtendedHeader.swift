// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What the blocks before a member's own header say about it: PAX records, and GNU's long names.
struct ExtendedHeader {
    /// The PAX records that a member's own fields hold. `hdrcharset` says in what characters names are; ours are bytes.
    static let fieldNames: Set<String> = ["path", "linkpath", "size", "mtime", "hdrcharset"]

    private(set) var path: [UInt8]?
    private(set) var linkPath: [UInt8]?
    private(set) var size: Int64?
    private(set) var modified: Int64?
    private(set) var records: [PaxRecord] = []
    /// Bytes read so far, so that a thousand headers in a row cannot fill the memory.
    private var bytesRead = 0

    /// Takes the records of a PAX header that lies at `offset`.
    mutating func add(_ body: ByteBuffer, at offset: Int64) throws {
        try account(for: body, at: offset)
        for record in try PaxRecord.read(from: body, at: offset) {
            try add(record, at: offset)
        }
    }

    /// Takes the body of a GNU `L` block: the member's name, ended by a NUL.
    mutating func addLongName(_ body: ByteBuffer, at offset: Int64) throws {
        try account(for: body, at: offset)
        path = try Self.checked(name: Array(body.readableBytesView.prefix { $0 != 0 }), at: offset)
    }

    /// Takes the body of a GNU `K` block: the member's link target, ended by a NUL.
    mutating func addLongLink(_ body: ByteBuffer, at offset: Int64) throws {
        try account(for: body, at: offset)
        linkPath = try Self.checked(name: Array(body.readableBytesView.prefix { $0 != 0 }), at: offset)
    }

    /// This header with what `globals` say and it does not.
    func inheriting(_ globals: ExtendedHeader) -> ExtendedHeader {
        var result = self
        result.path = path ?? globals.path
        result.linkPath = linkPath ?? globals.linkPath
        result.size = size ?? globals.size
        result.modified = modified ?? globals.modified
        if !globals.records.isEmpty {
            let own = Set(records.map(\.name))
            result.records = globals.records.filter { !own.contains($0.name) } + records
        }
        return result
    }

    private mutating func account(for body: ByteBuffer, at offset: Int64) throws {
        bytesRead += body.readableBytes
        guard bytesRead <= ArchiveLimits.extendedHeader else {
            throw ArchiveError.corrupt("more than 1 MiB of extended headers at tar offset \(offset)")
        }
    }

    private mutating func add(_ record: PaxRecord, at offset: Int64) throws {
        // GNU tar's sparse files: their content is not what the member's bytes are.
        guard !record.name.hasPrefix("GNU.sparse.") else {
            throw ArchiveError.unsupported("a sparse file at tar offset \(offset)")
        }
        guard Self.fieldNames.contains(record.name) else {
            records.append(record)
            return
        }
        // An empty value takes a record back, which leaves the ustar field.
        guard !record.value.isEmpty else { return }
        switch record.name {
        case "hdrcharset": break
        case "path": path = try Self.checked(name: record.value, at: offset)
        case "linkpath": linkPath = try Self.checked(name: record.value, at: offset)
        case "size":
            guard let value = PaxNumber.value(record.value[...]), value <= ArchiveLimits.memberContent else {
                throw ArchiveError.corrupt("the extended header at tar offset \(offset) has an impossible size")
            }
            size = value
        default:
            guard let value = PaxTime.milliseconds(record.value) else {
                throw ArchiveError.corrupt("the extended header at tar offset \(offset) has an impossible time")
            }
            modified = value
        }
    }

    private static func checked(name: [UInt8], at offset: Int64) throws -> [UInt8] {
        guard name.count <= ArchiveLimits.name else {
            throw ArchiveError.corrupt("a name of \(name.count) bytes at tar offset \(offset)")
        }
        return name
    }
}
