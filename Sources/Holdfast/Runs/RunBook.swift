// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Foundation
import Glibc
package import Logging
import ObjectStorage

/// What a run is, beside what it does.
package struct RunRequest: Sendable {
    package var kind: RunKind
    /// The bucket or backup that it works on.
    package var subject: String
    package var plan: String?
    /// Who wants it: the name of a token, `scheduler`, or `anonymous`.
    package var requester: String
    /// Found again in logs and in the requests to servers.
    package var correlationID: String

    package init(
        _ kind: RunKind, of subject: String, plan: String? = nil, requester: String, correlationID: String
    ) {
        self.kind = kind
        self.subject = subject
        self.plan = plan
        self.requester = requester
        self.correlationID = correlationID
    }
}

/// What a run does, in one word.
package enum RunKind: String, Codable, CaseIterable, Sendable {
    case backup, restore, verify, prune, delete
}

/// A run that has begun.
package struct BegunRun<Report: Sendable>: Sendable {
    package let record: RunRecord
    package let progress: ProgressMeter
    private let task: Task<Report, any Error>

    fileprivate init(record: RunRecord, progress: ProgressMeter, task: Task<Report, any Error>) {
        self.record = record
        self.progress = progress
        self.task = task
    }

    /// Its report, when it has ended. Whoever waits may go away: the run goes on.
    package var report: Report {
        get async throws { try await task.value }
    }
}

/// Begins runs, knows those that go on, and remembers those that ended.
///
/// A run belongs to the book and not to whoever asked for it: a client that hangs up does not stop a backup.
package actor RunBook {
    /// A run that goes on, and how far it is.
    package struct Current: Sendable {
        package let record: RunRecord
        package let reading: ProgressMeter.Reading
    }

    private struct Entry {
        let record: RunRecord
        let progress: ProgressMeter
        let cancel: @Sendable () -> Void
        let ended: @Sendable () async -> Void
        var isCancelled = false
    }

    private let state: StateDatabase
    private let services: SystemServices
    private let logger: Logger
    private var entries: [String: Entry] = [:]
    private var isStopped = false

    /// - Parameter state: where runs are remembered. Those that a process left behind that is gone are marked so.
    package init(state: StateDatabase, services: SystemServices, logger: Logger) async throws {
        self.state = state
        self.services = services
        self.logger = logger
        for run in try await state.interruptRuns(at: services.now(), isGone: Self.isGone) {
            logger.warning("\(run.kind) of \(run.subject), begun \(TimeText.iso(run.begun)), was interrupted")
        }
    }

    /// Begins a run.
    ///
    /// - Throws: ``HoldfastError`` `.conflict` once the book is stopped; what the database throws. Nothing has begun then.
    package func begin<Report: RunReport>(
        _ request: RunRequest, _ body: @escaping @Sendable (ProgressMeter) async throws -> Report
    ) async throws -> BegunRun<Report> {
        guard !isStopped else { throw HoldfastError(.conflict, "The service is stopping and begins nothing any more.") }
        let record = RunRecord(
            id: UUID().uuidString.lowercased(), kind: request.kind.rawValue, subject: request.subject,
            plan: request.plan, requester: request.requester, correlationID: request.correlationID, state: .running,
            begun: services.now())
        try await state.save(record, process: getpid())
        let progress = ProgressMeter()
        // Not on this actor: whoever asks how runs stand must not wait for what they do.
        let task = Task { @concurrent in
            try await Correlation.$id.withValue(request.correlationID) {
                let outcome: Result<Report, any Error>
                do {
                    outcome = .success(try await body(progress))
                } catch {
                    outcome = .failure(error)
                }
                await self.end(record, outcome)
                return try outcome.get()
            }
        }
        entries[record.id] = Entry(
            record: record, progress: progress, cancel: { task.cancel() }, ended: { _ = await task.result })
        if isStopped { task.cancel() }
        return BegunRun(record: record, progress: progress, task: task)
    }

    /// The runs that go on, oldest first.
    package var current: [Current] {
        entries.values.map { Current(record: $0.record, reading: $0.progress.reading) }
            .sorted { ($0.record.begun, $0.record.id) < ($1.record.begun, $1.record.id) }
    }

    /// How far a run is that goes on; `nil` when it has ended.
    package func progress(of id: String) -> ProgressMeter? { entries[id]?.progress }

    /// A run, be it going on or ended.
    package func run(_ id: String) async throws -> RunRecord? { try await state.run(id) }

    /// Asks a run to stop at its next safe point.
    ///
    /// - Returns: whether it was going on.
    package func cancel(_ id: String) -> Bool {
        guard entries[id] != nil else { return false }
        entries[id]?.isCancelled = true
        entries[id]?.cancel()
        return true
    }

    /// Begins nothing any more, asks all runs to stop, and returns when they have.
    package func stop() async {
        isStopped = true
        for entry in entries.values { entry.cancel() }
        // A run takes itself out when it ends.
        while let entry = entries.values.first { await entry.ended() }
    }

    private func end(_ record: RunRecord, _ outcome: Result<some RunReport, any Error>) async {
        var record = record
        record.ended = services.now()
        switch outcome {
        case .success(let report):
            record.state = report.outcome
            record.report = try? ReportJSON.encoder.encode(report)
        case .failure(let error):
            let wasAsked = entries[record.id]?.isCancelled == true
            record.state = wasAsked ? .cancelled : isStopped || error is CancellationError ? .interrupted : .failed
            record.message = "\(error)"
        }
        do {
            try await state.save(record, process: getpid())
        } catch {
            logger.error("what became of \(record.kind) of \(record.subject) cannot be kept: \(error)")
        }
        entries[record.id] = nil
    }

    /// Whether the process that was at work then is not there any more; its number may be another's by now.
    static func isGone(_ process: Int32, at moment: Date) -> Bool {
        var found = stat()
        guard lstat("/proc/\(process)", &found) == 0 else { return true }
        // The directory is as old as the process; file systems and clocks differ by a little.
        return TimeInterval(found.st_mtim.tv_sec) > moment.timeIntervalSince1970 + 2
    }
}
