// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Streams
import Synchronization

/// Making durable what the copies have, and going on from there.
extension CopiesSink {
    /// Makes durable what was written, in every copy that can.
    ///
    /// - Returns: by their labels, how far they are; those that failed are dropped, and not among them.
    func checkpoint() async throws -> [String: SinkCheckpoint] {
        let found = Mutex<[String: SinkCheckpoint]>([:])
        try await everywhere { label, sink in
            let checkpoint = try await sink.checkpoint()
            found.withLock { $0[label] = checkpoint }
        }
        return found.withLock { $0 }
    }

    /// Stops and leaves what is durable.
    func suspend() async {
        for sink in takeAll() { await sink.suspend() }
    }

    /// Goes on with an interrupted archive in every copy. What a directory has is read and compared with its hash; a copy
    /// that is not as it was left is filled from there.
    ///
    /// - Returns: and the hash to go on with; `nil` when no copy could be read.
    /// - Throws: ``ResumeRefusal`` when the bytes are not there any more.
    static func resume(
        _ file: ArchiveFile, _ journal: BackupJournal, in copies: [any VaultCopy]
    ) async throws -> (sink: CopiesSink, digest: FileDigest?) {
        var begun: [(label: String, sink: any ArchiveSink)] = []
        do {
            var behind: [(copy: any VaultCopy, why: any Error)] = []
            var whole: (bytes: any RandomAccessBytes, digest: FileDigest)?
            for copy in copies {
                do {
                    let (sink, found) = try await resume(file, journal, in: copy)
                    begun.append((copy.label, sink))
                    whole = whole ?? found
                } catch {
                    try Task.checkCancellation()
                    behind.append((copy, error))
                }
            }
            var failures: [Failure] = []
            for (copy, why) in behind {
                guard let whole else { throw ResumeRefusal(why: "\(why)") }
                do {
                    let sink = try await copy.beginArchive(file)
                    begun.append((copy.label, sink))
                    for try await block in whole.bytes.stream(0..<journal.fileLength) { try await sink.write(block) }
                } catch {
                    try Task.checkCancellation()
                    if begun.last?.label == copy.label { await begun.removeLast().sink.abort() }
                    failures.append(Failure(label: copy.label, error: error))
                }
            }
            return (CopiesSink(sinks: begun, failures: failures), whole?.digest)
        } catch {
            // A run that was stopped leaves everything to the next one.
            let isStopped = error is CancellationError
            for (_, sink) in begun { if isStopped { await sink.suspend() } else { await sink.abort() } }
            throw error
        }
    }

    /// Goes on in one copy; its bytes and their hash where they can be read.
    private static func resume(
        _ file: ArchiveFile, _ journal: BackupJournal, in copy: any VaultCopy
    ) async throws -> (sink: any ArchiveSink, whole: (bytes: any RandomAccessBytes, digest: FileDigest)?) {
        guard let checkpoint = journal.copies[copy.label] else {
            throw HoldfastError(.notFound, "\(copy.label) has nothing of it")
        }
        try await copy.prepare()
        let sink = try await copy.resumeArchive(file, from: checkpoint)
        do {
            guard let bytes = try await copy.unfinished(file, upTo: journal.fileLength) else { return (sink, nil) }
            let digest = FileDigest()
            for try await block in bytes.stream(0..<journal.fileLength) { digest.update(block) }
            guard digest.hex == journal.sha256 else {
                throw HoldfastError(.corrupt, "\(copy.label) holds other bytes than were written")
            }
            return (sink, (bytes, digest))
        } catch {
            // To be filled anew from another copy, if there is one; what is no use to anybody goes.
            if error is CancellationError { await sink.suspend() } else { await sink.abort() }
            throw error
        }
    }
}
