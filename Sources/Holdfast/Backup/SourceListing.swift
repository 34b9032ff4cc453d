// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import Catalog
import ObjectStorage
import Streams

/// An object version that the listing named and the catalog did not know yet.
struct PendingObject: Sendable {
    let info: ObjectInfo
    let place: VersionPlace
    /// Its name in the archive.
    let member: [UInt8]
    /// Why it is not even asked for: its row in the listing is beyond what a catalog holds.
    let problem: ObjectProblem?
    /// Whether its row and bytes were taken over from an earlier backup, and only its description is read again.
    let isStored: Bool
    /// What an earlier backup knows of it, when its bytes come from there and nobody else is asked.
    var known: CatalogObject?

    /// Bytes that reading it whole takes; 0 for what is not read whole.
    var wholeBytes: Int {
        guard problem == nil, !isStored, !place.isDeleteMarker, info.size <= ObjectFetch.wholeLimit else { return 0 }
        return Int(info.size)
    }

    /// Of one page of a listing.
    struct Page: Sendable {
        let objects: [PendingObject]
    }
}

/// Lists a bucket into the catalog, page by page, and hands on what is new.
///
/// The listing runs one page ahead of the reading. A key that the server repeats is dropped here, so that no object
/// is stored twice; what is in the catalog at the end is what must be in the backup.
struct SourceListing: Sendable {
    let store: any ObjectStore
    let catalog: CatalogWriter
    let scope: ListingScope
    /// The keys that are wanted; the others are as if the server did not name them.
    let selection: KeySelection
    /// What is wanted of these keys; `nil` for all.
    let test: ObjectTest?
    /// Asks for tags where objects are chosen by them; `nil` where they are not.
    let tags: TagReading?
    /// Whether unchanged objects are handed on too, for their tags and metadata.
    let sweeps: Bool
    let progress: ProgressMeter
    let channel: AsyncThrowingChannel<PendingObject.Page, any Error>

    /// What the listing tells beside the objects.
    struct Findings: Sendable {
        /// Versions that are not the newest of their key, delete markers not counted.
        var olderVersions = 0
        var deleteMarkers = 0
        /// Keys that the server's listing of versions left out; they are in the backup all the same.
        var lostKeys = LostKeys()
        /// Which keys are wanted for what the listing tells of them.
        fileprivate(set) var choice = VersionChoice()
        fileprivate(set) var tagChoice = TagChoice()

        mutating func count(_ place: VersionPlace) {
            if place.isDeleteMarker {
                deleteMarkers += 1
            } else if place.ordinal > 0 {
                olderVersions += 1
            }
        }
        /// Objects that an interrupted run stored already, and the sum of their sizes.
        var durableCount = 0
        var durableBytes: Int64 = 0
    }

    /// Lists everything into the channel and finishes it, also when the listing fails.
    func run() async throws -> Findings {
        do {
            var findings = Findings()
            switch scope {
            case .current:
                // The server makes the next page while the catalog takes this one.
                for try await page in listing(of: store).buffer(policy: .bounded(1)) {
                    _ = try await hand(on: page.objects.map { ($0, .current) }, &findings)
                }
            case .versions(let cut, let includesAll):
                try await listVersions(VersionOrder(cut: cut, includesAll: includesAll), &findings)
            }
            progress.update { $0.totalsAreFinal = true }
            channel.finish()
            return findings
        } catch {
            channel.fail(error)
            throw error
        }
    }

    /// Enters the wanted ones of these rows into the catalog and hands on those that are to be read.
    ///
    /// - Returns: how many of them were listed before.
    func hand(on listed: [VersionOrder.Row], _ findings: inout Findings) async throws -> Int {
        var rows = selection.isEveryKey ? listed : listed.filter { selection.contains($0.info.key.bytes) }
        if let test { rows = findings.choice.wanted(rows) { test.contains($0.info.listed(at: $0.place)) } }
        var unknown: [[UInt8]: ObjectProblem] = [:]
        if let tags { (rows, unknown) = try await findings.tagChoice.wanted(rows, tags) }
        let outcomes = try await catalog.list(rows.map { $0.info.listed(at: $0.place) })
        var pending: [PendingObject] = []
        pending.reserveCapacity(rows.count)
        var bytes: Int64 = 0
        for ((info, place), outcome) in zip(rows, outcomes) where outcome.isNew {
            findings.count(place)
            let problem = outcome.fault.map { ObjectProblem(beyondLimit: $0) } ?? unknown[info.key.bytes]
            if outcome.isDurable {
                findings.durableCount += 1
                findings.durableBytes = findings.durableBytes.addingUpToMax(info.size)
                if problem == nil { continue }
            }
            if outcome.isUnchanged, problem == nil, !sweeps || place.isDeleteMarker { continue }
            pending.append(
                PendingObject(
                    info: info, place: place, member: MemberName.name(of: info, at: place, collides: outcome.collides),
                    problem: problem, isStored: outcome.isUnchanged || outcome.isDurable))
            if problem == nil, !outcome.isUnchanged, !place.isDeleteMarker { bytes = bytes.addingUpToMax(info.size) }
        }
        progress.update { [count = pending.count, bytes] in
            $0.objectsTotal += count
            $0.bytesTotal = $0.bytesTotal.addingUpToMax(bytes)
        }
        await channel.send(PendingObject.Page(objects: pending))
        return outcomes.count { !$0.isNew }
    }
}
