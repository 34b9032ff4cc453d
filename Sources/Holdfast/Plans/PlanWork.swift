// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What the rounds of plans ask the engine for; replaced in tests.
package struct PlanWork: Sendable {
    package var backUp:
        @Sendable (_ bucket: String, BackupName, BackupRun.Options, ProgressMeter) async throws -> BackupReport
    /// Whether there is a backup of this name already.
    package var exists: @Sendable (BackupName) async throws -> Bool
    /// Removes what these policies do not keep, of their buckets alone.
    package var prune: @Sendable (RetentionPolicies, ProgressMeter) async throws -> PruneReport
    package var verify:
        @Sendable (BackupName, VerifyDepth, VerifiedContents, ProgressMeter) async throws -> VerifyReport

    package init(
        backUp:
            @escaping @Sendable (_ bucket: String, BackupName, BackupRun.Options, ProgressMeter) async throws ->
            BackupReport,
        exists: @escaping @Sendable (BackupName) async throws -> Bool,
        prune: @escaping @Sendable (RetentionPolicies, ProgressMeter) async throws -> PruneReport,
        verify:
            @escaping @Sendable (BackupName, VerifyDepth, VerifiedContents, ProgressMeter) async throws -> VerifyReport
    ) {
        self.backUp = backUp
        self.exists = exists
        self.prune = prune
        self.verify = verify
    }

    /// The real thing.
    ///
    /// - Parameter progress: who watches, beside the run's own meter.
    package init(_ engine: Engine, progress: ProgressMeter? = nil) {
        let turns = Turns()
        self.init(
            backUp: { bucket, name, options, meter in
                try await engine.backUp(bucket: bucket, name: name, options: options, progress: progress ?? meter)
            },
            exists: { name in
                do {
                    _ = try await engine.vault.find(name.rawValue)
                    return true
                } catch let error as HoldfastError where error.code == .notFound {
                    return false
                }
            },
            prune: { policies, meter in
                // One run at a time prunes a vault, and the second would fail.
                try await turns.take {
                    try await engine.prune(
                        policies, options: PruneRun.Options(buckets: policies.byBucket.keys.sorted()),
                        progress: progress ?? meter)
                }
            },
            verify: { name, depth, verified, meter in
                try await engine.verify(name.rawValue, depth: depth, verified: verified, progress: progress ?? meter)
            })
    }
}

/// Lets one at a time work, in the order in which they came.
private actor Turns {
    private var last: Task<Void, Never>?

    func take<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let before = last
        // Not structured: whoever comes next waits for it, whether or not this caller still does.
        let task = Task {
            await before?.value
            try Task.checkCancellation()
            return try await body()
        }
        last = Task { _ = await task.result }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
