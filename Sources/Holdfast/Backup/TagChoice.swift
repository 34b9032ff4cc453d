// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import ObjectStorage
import Streams

/// Decides which keys of a listing are wanted for the tags of their newest version: a request for each, every time, since
/// tags change without a trace in a listing.
///
/// Memory: what is decided of one page.
struct TagChoice: Sendable {
    private static let concurrentRequests = 32

    private var choice = VersionChoice()
    /// The last key of the page before, when nobody knows whether it is wanted: its versions may go on.
    private var unknown: (key: [UInt8], problem: ObjectProblem)?

    /// The wanted ones of the next rows, which come key by key, newest first, and those of which nobody knows whether they
    /// are: they are handed on with what was in the way, so that they are named and not left out.
    mutating func wanted(
        _ rows: [VersionOrder.Row], _ reading: TagReading
    ) async throws -> (rows: [VersionOrder.Row], unknown: [[UInt8]: ObjectProblem]) {
        var verdicts: [[UInt8]: Bool] = [:]
        var problems: [[UInt8]: ObjectProblem] = [:]
        if let unknown { problems[unknown.key] = unknown.problem }
        try await choice.deciding(rows).async.mapInOrder(width: Self.concurrentRequests) { row in
            (row.info.key.bytes, try await reading.verdict(on: row.info))
        } consume: { (key, verdict) in
            problems[key] = nil
            switch verdict {
            case .known(let isWanted): verdicts[key] = isWanted
            case .unknown(let problem): problems[key] = problem
            }
        }
        let wanted = choice.wanted(rows) { verdicts[$0.info.key.bytes] ?? true }
        if let last = rows.last?.info.key.bytes { unknown = problems[last].map { (last, $0) } }
        return (wanted, problems)
    }
}

/// Asks for the tags of objects, and compares them with what was asked for.
struct TagReading: Sendable {
    let filter: ObjectFilter
    let fetch: ObjectFetch

    enum Verdict: Sendable {
        case known(Bool)
        case unknown(ObjectProblem)
    }

    /// - Throws: ``HoldfastError`` for a server without tags; what ends the run.
    func verdict(on info: ObjectInfo) async throws -> Verdict {
        do {
            return .known(filter.contains(tags: try await fetch.store.tags(of: info.key, version: info.version)))
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            throw HoldfastError(
                .invalidConfiguration,
                "The server of \(fetch.store.bucket) does not tell the tags of objects: none can be chosen by them.",
                hint: "Leave --object-tag and --exclude-object-tag out.")
        } catch let error as ObjectStoreError {
            let problem = try await fetch.problem(error, of: info)
            return .unknown(
                ObjectProblem(
                    reason: problem.reason,
                    message:
                        "its tags cannot be read, so that nobody knows whether it was asked for: \(problem.message)"))
        }
    }
}
