// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
package import Foundation
import Logging

/// How often what a backup has is made durable.
package struct CheckpointRule: Sendable {
    /// After so many bytes of tar stream: a quarter of a minute's work on a fast line, against a pause for what is under way
    /// to come through.
    package var bytes: Int64 = 256 << 20
    /// After so many seconds at the latest, for slow lines.
    package var seconds: TimeInterval = 300

    package init(bytes: Int64 = 256 << 20, seconds: TimeInterval = 300) {
        self.bytes = bytes
        self.seconds = seconds
    }

    /// Whether it is time. At most a part of what there is is ever lost, and a bucket's 10,000 parts are not used up by
    /// short ones: a checkpoint may cut one short.
    func isDue(at offset: Int64, since last: Int64, seconds passed: TimeInterval) -> Bool {
        let new = offset - last
        return new >= max(bytes, offset / 64) || passed >= seconds && new >= max(1, offset / 256)
    }
}

/// Makes durable, every so often, what a run has written, so that a later one can go on from there.
///
/// A checkpoint is taken between two objects: the frames and their copies first, then the journal that speaks of them.
struct Checkpoints {
    let run: BackupRun
    let span: BackupRun.Span
    let place: JournalPlace
    let lockToken: String
    let sink: CopiesSink
    let digest: FileDigest?
    private var offset: Int64
    private var time: Date
    private var frameCount: Int

    init(
        _ run: BackupRun, _ span: BackupRun.Span, _ place: JournalPlace, lockToken: String, _ sink: CopiesSink,
        _ digest: FileDigest?, after frames: FrameIndex
    ) {
        self.run = run
        self.span = span
        self.place = place
        self.lockToken = lockToken
        self.sink = sink
        self.digest = digest
        offset = frames.tarLength
        time = run.environment.services.now()
        frameCount = frames.count
    }

    /// To be called between two objects.
    ///
    /// - Throws: what ends the run: no copy can be written. A journal that cannot be written is only logged.
    mutating func saveIfDue(_ packing: inout Packing, _ writer: ArchiveWriter) async throws {
        // The key of a sealed archive is in memory only, and stays there.
        guard run.options.recipients == nil else { return }
        let now = run.environment.services.now()
        let passed = now.timeIntervalSince(time)
        guard run.checkpoints.isDue(at: writer.tarOffset, since: offset, seconds: passed) else { return }
        try await packing.rows.flush()
        let frames = try await writer.checkpoint()
        let copies = try await sink.checkpoint()
        (offset, time) = (frames.tarLength, now)
        do {
            let journal = BackupJournal(
                run, span, lockToken: lockToken, frames: frames, sha256: digest?.hex, copies: copies,
                counts: packing.counts)
            try await packing.catalog.checkpoint(
                in: place.path, upTo: frames.tarLength, facts: [BackupJournal.fact: try journal.encoded()],
                chunk: frames.lengths(from: frameCount))
            frameCount = frames.count
            try await place.noteCheckpoint()
        } catch {
            try Task.checkCancellation()
            run.environment.logger.warning("checkpoint not written", metadata: ["error": "\(error)"])
        }
    }
}
