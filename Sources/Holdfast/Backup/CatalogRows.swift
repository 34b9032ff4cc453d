// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// Hands rows to the catalog in batches, so that each object does not cost a transaction.
struct CatalogRows {
    private static let batch = 500
    /// Lists of chunks are handed on when they take so many bytes.
    private static let batchOfChunks = 1 << 20

    private let catalog: CatalogWriter
    private var stored: [CatalogObject] = []
    private var exceptions: [CatalogException] = []
    private var notes: [CatalogException] = []
    private(set) var exceptionCount = 0
    /// Of these, objects that lie in an archive tier.
    private(set) var deferredCount = 0
    private(set) var firstExceptions: [ExceptionReport] = []
    private(set) var storedCount = 0
    private var chunkBytes = 0

    init(_ catalog: CatalogWriter) {
        self.catalog = catalog
    }

    mutating func store(_ object: CatalogObject) async throws {
        stored.append(object)
        storedCount += 1
        chunkBytes += object.chunks?.bytes.count ?? 0
        if stored.count >= Self.batch || chunkBytes >= Self.batchOfChunks { try await flush() }
    }

    /// An object that is not in the backup.
    mutating func except(_ info: ObjectInfo, at place: VersionPlace, _ problem: ObjectProblem) async throws {
        exceptions.append(count(info, place, problem))
        if exceptions.count >= Self.batch { try await flush() }
    }

    /// An object whose bytes are in the backup and a part of its description is not.
    mutating func note(_ info: ObjectInfo, at place: VersionPlace, _ problem: ObjectProblem) async throws {
        notes.append(count(info, place, problem))
        if notes.count >= Self.batch { try await flush() }
    }

    private mutating func count(
        _ info: ObjectInfo, _ place: VersionPlace, _ problem: ObjectProblem
    ) -> CatalogException {
        exceptionCount += 1
        if problem.reason == ObjectProblem.archived { deferredCount += 1 }
        if firstExceptions.count < 100 {
            firstExceptions.append(
                ExceptionReport(
                    key: "\(info.key)", version: info.version?.rawValue, reason: problem.reason,
                    message: problem.message))
        }
        return CatalogException(
            key: info.key.bytes, ordinal: place.ordinal, versionID: info.version?.rawValue, reason: problem.reason,
            message: problem.message)
    }

    /// Writes what is held back; rows before the notes on them.
    mutating func flush() async throws {
        try await catalog.store(stored)
        try await catalog.except(exceptions)
        try await catalog.note(notes)
        notes.removeAll(keepingCapacity: true)
        stored.removeAll(keepingCapacity: true)
        chunkBytes = 0
        exceptions.removeAll(keepingCapacity: true)
    }
}

extension CatalogObject {
    /// The row of an object whose content lies in this archive.
    init(
        _ info: ObjectInfo, at place: VersionPlace = .current, member: [UInt8], extent: Range<Int64>, sha256: [UInt8]?
    ) {
        self.init(
            listed: info.listed(at: place),
            headers: info.attributes.headers.map { CatalogField(name: $0.name, value: $0.value) },
            metadata: info.attributes.metadata.map { CatalogField(name: $0.name, value: $0.value) },
            tags: info.attributes.tags.map { CatalogField(name: $0.name, value: Array($0.value.utf8)) },
            acl: ProtectionText.acl(info.acl), retention: ProtectionText.retention(info.retention),
            legalHold: ProtectionText.legalHold(info.hasLegalHold),
            partCount: info.partCount, partSize: info.partSize, sha256: sha256, member: member,
            extents: [Extent(archive: 0, offset: extent.lowerBound, length: Int64(extent.count))])
    }

    /// What a writer needs to make the object again.
    var attributes: ObjectAttributes {
        ObjectAttributes(
            headers: headers.map { Field($0.name, $0.value) }, metadata: metadata.map { Field($0.name, $0.value) },
            tags: tags.map { Tag($0.name, String(decoding: $0.value, as: UTF8.self)) },
            storageClass: listed.storageClass)
    }
}
