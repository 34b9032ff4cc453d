// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
package import Archive
package import Catalog
import Foundation
import NIOCore
package import Streams

/// A backup opened for reading: what is in it, and a way to the bytes.
package struct OpenedBackup: Sendable {
    package let entry: VaultEntry
    /// The copy that is read.
    package let copy: String
    /// `nil` in archives of others that have none.
    package let metadata: BackupMetadata?
    package let catalog: CatalogReader
    package let content: Content
    /// What is wrong with the archive although it could be opened, for people.
    package let flaws: [String]
    /// Whether the catalog names everything that the archive held when it was whole; `false` where an archive without an
    /// index breaks off, or holds what could not be made an object of.
    var isWhole = true
    /// The other archives in which bytes of it lie.
    let referred: ReferredArchives
    /// Where damaged parts of the copy are read instead; `nil` when nothing else is asked.
    var spares: SpareCopies?
    /// Why nothing but the catalog can be read: a seal that nothing at hand opens.
    package var missingKey: HoldfastError?

    /// The two ways to an object's bytes.
    package enum Content: Sendable {
        /// By the frame index: any object at once.
        case indexed(ArchiveReader)
        /// Without an index (archives of the older system, a lost tail): from the beginning, in order.
        case sequential(any RandomAccessBytes)
    }

    /// Opens a backup: by its index in the first copy where that can be read, else from the beginning.
    ///
    /// - Throws: ``HoldfastError`` `.corrupt` when no copy can be read, `.wrongKey` for a sealed archive.
    package static func open(_ entry: VaultEntry, in vault: Vault, _ environment: RunEnvironment) async throws
        -> OpenedBackup
    {
        var missingKey: HoldfastError?
        var isDamaged = false
        var flaws: [String] = []
        var withoutIndex: [String] = []
        var unindexed: [(label: String, bytes: any RandomAccessBytes)] = []
        for copy in vault.copies where entry.copies.contains(where: { $0.label == copy.label }) {
            do {
                guard let archive = try await copy.openArchive(entry.file, environment) else { continue }
                let bytes = archive.bytes
                if let flaw = archive.flaw { flaws.append("The copy in \(copy.label) is damaged: \(flaw)") }
                do {
                    let spares = SpareCopies(entry, in: vault, beside: copy.label, environment)
                    // Where one copy has an index and another has none, that one has lost it.
                    let lost = withoutIndex.map { "The copy in \($0) is damaged: its end is missing" }
                    return try await openIndexed(
                        entry, copy.label, bytes, in: vault, flaws: flaws + lost, spares: spares, seal: archive.seal,
                        environment)
                } catch ArchiveError.noIndex {
                    withoutIndex.append(copy.label)
                    unindexed.append((copy.label, bytes))
                } catch let error as ArchiveError {
                    flaws.append("The copy in \(copy.label) is damaged: \(error)")
                    unindexed.append((copy.label, bytes))
                } catch let error as CatalogError {
                    flaws.append("The catalog in \(copy.label) is damaged: \(error)")
                    unindexed.append((copy.label, bytes))
                }
            } catch let error as HoldfastError where error.code == .wrongKey {
                missingKey = missingKey ?? error
            } catch {
                try Task.checkCancellation()
                isDamaged = isDamaged || error is ArchiveError || (error as? HoldfastError)?.code == .corrupt
                flaws.append("\(copy.label) cannot be read: \(error)")
            }
        }
        guard !unindexed.isEmpty else {
            if let missingKey {
                let kept = try await Self.kept(entry, in: vault, missing: missingKey, environment)
                if let kept { return kept }
                throw missingKey
            }
            if isDamaged {
                throw HoldfastError(.corrupt, "\(entry.file.fileName) cannot be read. \(flaws.joined(separator: " "))")
            }
            throw HoldfastError(.unreachable, "\(entry.file.fileName) cannot be read. \(flaws.joined(separator: " "))")
        }
        return try await scan(unindexed, of: entry, flaws: flaws, environment)
    }

    /// Reads copies from their beginning until one turns out whole; else takes the one that gave the most.
    private static func scan(
        _ copies: [(label: String, bytes: any RandomAccessBytes)], of entry: VaultEntry, flaws: [String],
        _ environment: RunEnvironment
    ) async throws -> OpenedBackup {
        var best: (backup: OpenedBackup, count: Int)?
        var failure: (any Error)?
        for (label, bytes) in copies {
            do {
                let backup = try await ArchiveScan(entry: entry, copy: label, source: bytes, flaws: flaws)
                    .open(environment)
                if backup.flaws.count == flaws.count { return backup }
                let count = try await backup.catalog.totals().stored
                if count > best?.count ?? -1 { best = (backup, count) }
            } catch {
                try Task.checkCancellation()
                failure = failure ?? error
            }
        }
        if let best { return best.backup }
        throw failure ?? HoldfastError(.unreachable, "\(entry.file.fileName) cannot be read.")
    }

    /// Opens one copy by its index.
    ///
    /// - Parameters:
    ///   - seal: the front of the seal that the bytes were in.
    ///   - trustsCache: whether a catalog taken out earlier will do. Not when the archive itself is in question.
    /// - Throws: ``ArchiveError`` and ``CatalogError`` for what is wrong with it.
    static func openIndexed(
        _ entry: VaultEntry, _ label: String, _ bytes: any RandomAccessBytes, in vault: Vault, flaws: [String],
        spares: SpareCopies? = nil, seal: SealedFront? = nil, trustsCache: Bool = true, _ environment: RunEnvironment
    ) async throws -> OpenedBackup {
        var archive = try await ArchiveReader.open(bytes)
        if let spares { archive.spares = { await spares.bytes(after: $0) } }
        guard let catalogRange = archive.catalog, let metadata = try await BackupMetadata.read(from: archive) else {
            throw ArchiveError.noIndex
        }
        let cache = CatalogCache(vault: vault, environment: environment)
        if let seal {
            // What is sealed in the vault is not left lying about in plain, but where this host made it itself.
            let kept = trustsCache ? try await KeptCatalogs(environment.state).open(entry.file, seal)?.catalog : nil
            let catalog =
                if let kept { kept } else { try await cache.uncached(archive.stream(catalogRange), of: entry) }
            return OpenedBackup(
                entry: entry, copy: label, metadata: metadata, catalog: catalog, content: .indexed(archive),
                flaws: flaws, referred: try await ReferredArchives(of: catalog, in: vault, environment), spares: spares)
        }
        let catalog =
            trustsCache
            ? try await cache.reader(of: entry, label: label) { [archive] in archive.stream(catalogRange) }
            : try await cache.uncached(archive.stream(catalogRange), of: entry)
        return OpenedBackup(
            entry: entry, copy: label, metadata: metadata, catalog: catalog, content: .indexed(archive), flaws: flaws,
            referred: try await ReferredArchives(of: catalog, in: vault, environment), spares: spares)
    }

    /// The current object of a key.
    ///
    /// - Throws: ``HoldfastError`` `.notFound`, saying so if the object is on the exception list.
    package func object(_ key: [UInt8]) async throws -> CatalogObject {
        if let object = try await catalog.object(key: key) { return object }
        let shown = String(decoding: key, as: UTF8.self)
        if let exception = try await catalog.exceptions(limit: 100_000).first(where: { $0.key == key }) {
            throw HoldfastError(
                .notFound, "\(shown) is not in \(entry.file.name): \(exception.message) (\(exception.reason)).")
        }
        throw HoldfastError(
            .notFound, "\(shown) is not in \(entry.file.name).", hint: "holdfast show \(entry.file.name) lists what is."
        )
    }

    /// A version of a key by its id, `null` for what has none.
    ///
    /// - Throws: ``HoldfastError`` `.notFound`; also for a delete marker, which has no content.
    package func object(_ key: [UInt8], version: String) async throws -> CatalogObject {
        let shown = String(decoding: key, as: UTF8.self)
        for try await object in KeyOrder(catalog: catalog, prefix: key) {
            guard object.key == key else { break }
            guard object.listed.versionID ?? "null" == version else { continue }
            guard !object.listed.isDeleteMarker else {
                throw HoldfastError(.notFound, "Version \(version) of \(shown) is a delete marker: it has no content.")
            }
            return object
        }
        throw HoldfastError(
            .notFound, "\(shown) has no version \(version) in \(entry.file.name).",
            hint: "holdfast show \(entry.file.name) --versions lists what is.")
    }

    /// An object's bytes, unchecked; ``CheckedContent`` checks them.
    package func stream(_ object: CatalogObject) async throws -> ByteStream {
        try await stream(try extents(of: object))
    }

    /// Where a part of an object's bytes lies.
    ///
    /// - Throws: as ``extents(of:)``.
    func places(of range: Range<Int64>, in object: CatalogObject) throws -> [Place] {
        var start: Int64 = 0
        var places: [Place] = []
        for (archive, whole) in try extents(of: object) {
            let part = range.clamped(to: start..<start + Int64(whole.count))
            let offset = whole.lowerBound - start
            if !part.isEmpty { places.append((archive, part.lowerBound + offset..<part.upperBound + offset)) }
            start += Int64(whole.count)
        }
        return places
    }

    /// What lies at these places, one after the other, unchecked.
    func stream(_ places: [Place]) async throws -> ByteStream {
        if let missingKey { throw missingKey }
        guard let first = places.first, places.count > 1 else {
            return try await stream(places.first ?? (0, 0..<0))
        }
        let pieces = JoinedPieces(places[1...], after: try await stream(first)) { try await stream($0) }
        return ByteStream { try await pieces.next() }
    }

    private func stream(_ place: Place) async throws -> ByteStream {
        let (number, range) = place
        guard number == 0 else { return try await referred.reader(number).stream(range) }
        switch content {
        case .indexed(let archive): return archive.stream(range)
        case .sequential(let source): return ForwardBytes(decompressed(source.stream(0..<source.size))).stream(range)
        }
    }

    /// A run of bytes: the archive, 0 for this one, and the place in its tar stream.
    typealias Place = (archive: Int, range: Range<Int64>)

    /// Where an object's bytes lie, in their order: one place at least.
    ///
    /// - Throws: ``HoldfastError`` `.corrupt` when they are not as many as the object has, or lie in an archive without a
    ///   name.
    func extents(of object: CatalogObject) throws -> [Place] {
        let name = String(decoding: object.key, as: UTF8.self)
        guard !object.extents.isEmpty,
            object.extents.allSatisfy({ $0.archive == 0 || referred.name($0.archive) != nil })
        else {
            throw HoldfastError(.corrupt, "The catalog does not say where the bytes of \(name) lie.")
        }
        var sum: Int64 = 0
        var places: [Place] = []
        for extent in object.extents {
            guard extent.length >= 0, extent.offset >= 0, extent.offset <= Int64.max - extent.length,
                sum <= Int64.max - extent.length
            else { throw HoldfastError(.corrupt, "The catalog names a place of \(name) that cannot be.") }
            sum += extent.length
            places.append((extent.archive, extent.offset..<extent.offset + extent.length))
        }
        guard sum == object.size else {
            throw HoldfastError(.corrupt, "The catalog says \(object.size) bytes of \(name) and names \(sum).")
        }
        return places
    }
}
