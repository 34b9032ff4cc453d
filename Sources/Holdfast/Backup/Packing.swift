// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Logging
import NIOCore
import ObjectStorage
import Streams

/// Puts what was read into the archive and its row into the catalog, one object after the other.
struct Packing {
    let catalog: CatalogWriter
    let identity: ServerIdentity
    let progress: ProgressMeter
    let logger: Logger
    var rows: CatalogRows
    /// Objects that changed between listing and reading.
    private(set) var changedCount = 0
    /// Objects of an earlier backup that turned out to have changed since the listing.
    private(set) var replacedCount = 0
    /// Objects whose bytes, or some of them, were in this archive or in an earlier one already, and how many bytes.
    private(set) var sharedCount = 0
    private(set) var sharedBytes: Int64 = 0
    /// Whether objects lie in chunks of this archive, so that plain `tar` does not bring them back.
    private(set) var hasChunks = false
    private var known = KnownContents()

    /// What is told of the objects that are packed, over all runs that made the archive.
    var counts: BackupJournal.Counts {
        get { BackupJournal.Counts(changed: changedCount, shared: sharedCount, sharedBytes: sharedBytes) }
        set { (changedCount, sharedCount, sharedBytes) = (newValue.changed, newValue.shared, newValue.sharedBytes) }
    }
    /// What the listing told beside the objects; complete when everything is packed.
    var findings = SourceListing.Findings()

    init(
        catalog: CatalogWriter, identity: ServerIdentity, progress: ProgressMeter, logger: Logger
    ) {
        self.catalog = catalog
        self.identity = identity
        self.progress = progress
        self.logger = logger
        rows = CatalogRows(catalog)
    }

    /// A step between reading and packing.
    enum Reading: Sendable {
        case whole(PendingObject, FetchedObject)
        case large(PendingObject, ObjectFetch)
        /// A large object that an earlier backup has.
        case kept(PendingObject, CatalogObject, BackedUpObjects)
        /// The bytes are those of an earlier backup; this is what the server says of them now.
        case described(PendingObject, ObjectInfo, flaw: ObjectProblem?, tellsACL: Bool)
        /// A delete marker: there is nothing to read.
        case marker(PendingObject)
        case problem(PendingObject, ObjectProblem)
    }

    /// Reads what can be read at the same time as others.
    static func read(_ pending: PendingObject, _ fetch: ObjectFetch) async throws -> Reading {
        if let problem = pending.problem { return .problem(pending, problem) }
        if pending.place.isDeleteMarker { return .marker(pending) }
        do {
            if pending.isStored, let (info, flaw) = try await fetch.description(ofUnchanged: pending.info) {
                return .described(pending, info, flaw: flaw, tellsACL: fetch.details.readsACLs)
            }
            guard pending.info.size <= ObjectFetch.wholeLimit else { return .large(pending, fetch) }
            return .whole(pending, try await fetch.whole(pending.info))
        } catch is GrownObject {
            return .large(pending, fetch)
        } catch let problem as ObjectProblem {
            return .problem(pending, problem)
        }
    }

    mutating func pack(_ reading: Reading, into writer: ArchiveWriter) async throws {
        switch reading {
        case .whole(let pending, let object):
            try await settle(pending) { packing in
                try await packing.pack(object, of: pending, into: writer)
            }
        case .large(let pending, let fetch):
            try await settle(pending) { packing in
                let object = try await LargeObject(
                    fetch: fetch, listed: pending.info, place: pending.place
                ).pack(
                    into: writer, packing.catalog, member: pending.member,
                    onBytes: { [progress = packing.progress] in progress.finished(objects: 0, bytes: $0) })
                packing.progress.finished(bytes: 0)
                packing.changedCount += object.changed ? 1 : 0
                try await packing.store(object.content, object.info, pending)
                if let flaw = object.flaw { try await packing.note(object.info, at: pending.place, flaw) }
            }
        case .kept(let pending, let object, let objects):
            try await settle(pending) { packing in
                let content = try await objects.pack(
                    object, pending, into: writer,
                    onBytes: { [progress = packing.progress] in progress.finished(objects: 0, bytes: $0) })
                packing.progress.finished(bytes: 0)
                try await packing.store(content, pending.info, pending)
            }
        case .described(let pending, let info, let flaw, let tellsACL):
            try await settle(pending) { packing in
                // What was known of it before stands where it cannot be asked for now.
                if let flaw {
                    try await packing.note(info, at: pending.place, flaw)
                } else {
                    try await packing.redescribe(pending, info, tellsACL: tellsACL)
                }
            }
            progress.finished(bytes: 0)
        case .marker(let pending):
            try await settle(pending) { packing in
                try await packing.packMarker(pending, into: writer)
            }
        case .problem(let pending, let problem):
            try await except(pending, problem)
        }
    }

    private mutating func pack(
        _ object: FetchedObject, of pending: PendingObject, into writer: ArchiveWriter
    ) async throws {
        try object.info.checkFitsCatalog()
        if try await link(object, of: pending, into: writer) { return }
        if try await refer(object, of: pending) { return }
        let name = pending.member
        let records = MemberRecords.records(
            of: object.info, at: pending.place, member: name, sha256: Hex.text(object.sha256))
        let member = ArchiveMember(
            name: name, kind: .file, size: object.info.size,
            modified: TimeText.milliseconds(object.info.lastModified), records: records)
        let extent = try await writer.append(member, content: object.content)
        progress.finished(bytes: object.content.readableBytes)
        changedCount += object.changed ? 1 : 0
        if pending.place.isCurrent, name == object.info.key.bytes {
            known.add(
                object.sha256, object.info.attributes, size: object.content.readableBytes, at: extent.lowerBound)
        }
        try await store(
            CatalogObject(object.info, at: pending.place, member: name, extent: extent, sha256: object.sha256), pending)
        if let flaw = object.flaw { try await note(object.info, at: pending.place, flaw) }
    }

    /// Stores an object as a hard link to an earlier member of the same bytes and the same description: extracted by `tar`
    /// both are one file, which can have only one.
    ///
    /// - Returns: `false` when there is no such member.
    private mutating func link(
        _ object: FetchedObject, of pending: PendingObject, into writer: ArchiveWriter
    ) async throws -> Bool {
        let size = object.content.readableBytes
        guard !pending.isStored, let offset = known.offset(of: object.sha256, object.info.attributes, size: size)
        else { return false }
        try await rows.flush()
        guard let first = try await catalog.stored(at: offset), first.sha256 == object.sha256,
            first.size == Int64(size), first.member == first.key,
            first.headers == object.info.attributes.headers.map({ CatalogField(name: $0.name, value: $0.value) }),
            first.metadata == object.info.attributes.metadata.map({ CatalogField(name: $0.name, value: $0.value) })
        else { return false }
        let member = ArchiveMember(
            name: pending.member, kind: .hardLink(to: first.key), size: 0,
            modified: TimeText.milliseconds(object.info.lastModified),
            records: MemberRecords.records(
                of: object.info, at: pending.place, member: pending.member, sha256: Hex.text(object.sha256)))
        _ = try await writer.append(member, content: ByteBuffer())
        progress.finished(bytes: size)
        changedCount += object.changed ? 1 : 0
        share(Int64(size))
        let extent = offset..<offset + Int64(size)
        try await store(
            CatalogObject(
                object.info, at: pending.place, member: pending.member, extent: extent, sha256: object.sha256), pending)
        if let flaw = object.flaw { try await note(object.info, at: pending.place, flaw) }
        return true
    }

    /// Refers to the same bytes in an earlier archive, whatever object they are of there: the row has its own description.
    ///
    /// - Returns: `false` when no earlier archive has them.
    private mutating func refer(_ object: FetchedObject, of pending: PendingObject) async throws -> Bool {
        let size = object.content.readableBytes
        guard CatalogWriter.contentSizes.contains(Int64(size)),
            let extent = try await catalog.extent(of: .content, sha256: object.sha256, length: size)
        else { return false }
        progress.finished(bytes: size)
        changedCount += object.changed ? 1 : 0
        var content = StoredContent(extents: [extent], sha256: object.sha256, chunks: nil)
        content.sharedBytes = Int64(size)
        try await store(content, object.info, pending)
        if let flaw = object.flaw { try await note(object.info, at: pending.place, flaw) }
        return true
    }

    private mutating func share(_ bytes: Int64) {
        sharedCount += 1
        sharedBytes = sharedBytes.addingUpToMax(bytes)
    }

    /// Puts in the row of an object that lies in one piece or several.
    private mutating func store(
        _ content: StoredContent, _ info: ObjectInfo, _ pending: PendingObject
    ) async throws {
        if content.sharedBytes > 0 { share(content.sharedBytes) }
        hasChunks = hasChunks || content.isInChunks
        var row = CatalogObject(info, at: pending.place, member: pending.member, extent: 0..<0, sha256: content.sha256)
        row.extents = content.extents
        row.chunks = content.chunks
        try await store(row, pending)
    }

    /// A delete marker is an empty member, so that the archive tells of it without its catalog.
    private mutating func packMarker(_ pending: PendingObject, into writer: ArchiveWriter) async throws {
        let nothing = ByteBuffer()
        let sha256 = ContentDigest.sha256(nothing)
        let member = ArchiveMember(
            name: pending.member, kind: .file, size: 0, modified: TimeText.milliseconds(pending.info.lastModified),
            records: MemberRecords.records(
                of: pending.info, at: pending.place, member: pending.member, sha256: Hex.text(sha256)))
        let extent = try await writer.append(member, content: nothing)
        progress.finished(bytes: 0)
        try await store(
            CatalogObject(pending.info, at: pending.place, member: pending.member, extent: extent, sha256: sha256),
            pending)
    }

    /// Puts the row in, in the place of the one that was taken over if there is one.
    private mutating func store(_ row: CatalogObject, _ pending: PendingObject) async throws {
        let row = pending.known?.lying(as: row) ?? row
        guard pending.isStored else { return try await rows.store(row) }
        try await catalog.replace(row)
        replacedCount += 1
    }

    /// Brings headers, metadata and tags of a row that was taken over up to date.
    private func redescribe(_ pending: PendingObject, _ info: ObjectInfo, tellsACL: Bool) async throws {
        guard let stored = try await catalog.stored(key: info.key.bytes, ordinal: pending.place.ordinal) else { return }
        try info.checkFitsCatalog()
        var row = CatalogObject(
            info, at: pending.place, member: stored.member ?? pending.member, extent: 0..<0, sha256: stored.sha256)
        row.extents = stored.extents
        row.chunks = stored.chunks
        // Of the same bytes under the same ETag it stays true; nobody asked for it again.
        row.partSize = stored.partSize
        if !tellsACL { row.acl = stored.acl }
        if row != stored { try await catalog.replace(row) }
    }

    /// Packs one object; what keeps this one out of the archive, and no other, is an exception.
    private mutating func settle(
        _ pending: PendingObject, _ pack: (inout Packing) async throws -> Void
    ) async throws {
        do {
            try await pack(&self)
        } catch let problem as ObjectProblem {
            try await except(pending, problem)
        } catch ArchiveError.invalidMember(let why) {
            try await except(pending, ObjectProblem(reason: "failed", message: "the archive cannot hold it: \(why)"))
        }
    }

    /// An object taken over is in the backup with the bytes and the description that it had: then it is a note.
    private mutating func except(_ pending: PendingObject, _ problem: ObjectProblem) async throws {
        guard !pending.isStored else {
            // Gone since it was listed: the backup shows it as it was then.
            if problem.reason != "vanished" { try await note(pending.info, at: pending.place, problem) }
            return
        }
        report(pending.info, problem)
        try await rows.except(pending.info, at: pending.place, problem)
    }

    mutating func note(_ info: ObjectInfo, at place: VersionPlace, _ problem: ObjectProblem) async throws {
        report(info, problem)
        try await rows.note(info, at: place, problem)
    }

    private func report(_ info: ObjectInfo, _ problem: ObjectProblem) {
        progress.update { $0.exceptions += 1 }
        logger.warning(
            "object not backed up as it is",
            metadata: ["key": "\(info.key)", "reason": "\(problem.reason)", "error": "\(problem.message)"])
    }
}
