// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import Synchronization
import Testing

@testable import HoldfastServer

@Suite("Runs")
struct RunBookTests {
    private struct Done: RunReport {
        var outcome = RunState.complete
        var number = 7
    }

    private func request(_ id: String = "c-1") -> RunRequest {
        RunRequest(.backup, of: "photos", plan: "nightly", requester: "ops", correlationID: id)
    }

    @Test("A run is remembered with its report, and what is done in it bears its correlation id")
    func remembered() async throws {
        try await ServiceScene.with { scene in
            let runs = scene.backend.runs
            let seen = Mutex<String?>(nil)
            let run = try await runs.begin(request("c-9")) { progress in
                progress.update { $0.objectsDone = 5 }
                seen.withLock { $0 = CorrelationID.current }
                return Done()
            }
            #expect(try await run.report.number == 7)
            #expect(seen.withLock { $0 } == "c-9")
            let record = try #require(try await runs.run(run.record.id))
            #expect(record.state == .complete && record.ended != nil && record.plan == "nightly")
            #expect(record.report.map { String(decoding: $0, as: UTF8.self) } == #"{"number":7,"outcome":"complete"}"#)
            #expect(await runs.current.isEmpty)
        }
    }

    @Test("A run that fails, and one that ends with exceptions, are told apart")
    func states() async throws {
        try await ServiceScene.with { scene in
            let runs = scene.backend.runs
            let partial = try await runs.begin(request()) { _ in Done(outcome: .exceptions) }
            _ = try await partial.report
            let failed = try await runs.begin(request()) { _ -> Done in throw HoldfastError(.failed, "no space") }
            await #expect(throws: HoldfastError.self) { try await failed.report }
            #expect(try await runs.run(partial.record.id)?.state == .exceptions)
            let record = try await runs.run(failed.record.id)
            #expect(record?.state == .failed && record?.message == "no space")
        }
    }

    @Test("A run is cancelled by its id, and the others go on")
    func cancelled() async throws {
        try await ServiceScene.with { scene in
            let runs = scene.backend.runs
            let run = try await runs.begin(request()) { _ -> Done in
                try await Task.sleep(for: .seconds(3600))
                return Done()
            }
            #expect(await runs.current.map(\.record.id) == [run.record.id])
            #expect(await runs.cancel("another") == false)
            #expect(await runs.cancel(run.record.id))
            await #expect(throws: CancellationError.self) { try await run.report }
            #expect(try await runs.run(run.record.id)?.state == .cancelled)
        }
    }

    @Test("A book that is stopped waits for its runs, and begins none any more")
    func stopped() async throws {
        try await ServiceScene.with { scene in
            let runs = scene.backend.runs
            let run = try await runs.begin(request()) { _ -> Done in
                try await Task.sleep(for: .seconds(3600))
                return Done()
            }
            await runs.stop()
            #expect(try await runs.run(run.record.id)?.state == .interrupted)
            await #expect(throws: HoldfastError.self) { try await runs.begin(request()) { _ in Done() } }
        }
    }

    @Test("Runs of a process that is gone are found when the next one begins, those of a living one are left alone")
    func interrupted() async throws {
        try await ServiceScene.with { scene in
            let state = scene.backend.state
            func left(_ id: String, process: Int32, begun: Date) async throws {
                let run = RunRecord(
                    id: id, kind: "backup", subject: "photos", plan: nil, requester: "ops", correlationID: "c",
                    state: .running, begun: begun)
                try await state.save(run, process: process)
            }
            // Linux gives no process this number: the largest is 4,194,304.
            try await left("gone", process: 2_000_000_000, begun: .now)
            try await left("reused", process: getpid(), begun: Date(timeIntervalSince1970: 1_000_000_000))
            try await left("alive", process: getpid(), begun: .now)
            _ = try await RunBook(state: state, services: .live, logger: scene.backend.logger)
            #expect(try await state.run("gone")?.state == .interrupted)
            #expect(try await state.run("reused")?.state == .interrupted)
            #expect(try await state.run("alive")?.state == .running)
        }
    }
}
