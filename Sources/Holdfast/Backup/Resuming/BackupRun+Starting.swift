// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import ObjectStorage
import Streams

/// Where a run begins to write, and what becomes of it when the run ends early.
extension BackupRun {
    /// What there is of the archive when a run begins to write: nothing, or what an interrupted one left.
    struct Start {
        let sink: CopiesSink
        let place: JournalPlace
        let lockToken: String
        /// The hash of what is there; `nil` when that could not be read.
        let digest: FileDigest?
        let interrupted: InterruptedBackup?

        var frames: FrameIndex { interrupted?.frames ?? FrameIndex() }
    }

    func begin(_ interrupted: InterruptedBackup?, lockToken: String) async throws -> Start {
        guard let interrupted else {
            let place = try await JournalPlace.make(in: environment.state)
            do {
                let sink = try await CopiesSink.begin(file, in: vault.copies)
                return Start(
                    sink: sink, place: place, lockToken: lockToken, digest: FileDigest(), interrupted: nil)
            } catch {
                await place.remove()
                throw error
            }
        }
        progress.update { $0.phase = "checking what is there" }
        do {
            let (sink, digest) = try await CopiesSink.resume(file, interrupted.journal, in: vault.copies)
            return Start(
                sink: sink, place: interrupted.place, lockToken: lockToken, digest: digest, interrupted: interrupted)
        } catch {
            if error is ResumeRefusal { await interrupted.place.remove() } else { interrupted.place.release() }
            throw error
        }
    }

    /// Leaves to a later run what is durable, when what ended this one may pass; else removes everything.
    ///
    /// - Returns: whether there is something to go on with.
    func stop(_ start: Start, after error: any Error) async -> Bool {
        guard start.place.hasCheckpoint, Self.mayPass(error) else {
            await start.sink.abort()
            await start.place.remove()
            return false
        }
        await start.sink.suspend()
        start.place.release()
        return true
    }

    /// Whether the same run may come further another time: it was stopped, or something did not answer.
    private static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: true
        case let error as ObjectStoreError: error.isTransient
        case let error as HoldfastError: error.code == .unreachable
        default: false
        }
    }

    /// The SHA-256 of a committed archive whose beginning was written by another run and cannot be hashed but there: reads
    /// it once.
    func readBack(from labels: [String]) async throws -> String {
        progress.update { $0.phase = "reading back" }
        for copy in vault.copies where labels.contains(copy.label) {
            guard let bytes = try await copy.open(file) else { continue }
            let digest = FileDigest()
            for try await block in bytes.stream(0..<bytes.size) { digest.update(block) }
            return digest.hex
        }
        throw HoldfastError(.notFound, "\(file.fileName) is in no copy")
    }
}
