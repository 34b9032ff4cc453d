// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A restore that ended early is simply run again: what it wrote is whole, and is not written twice.
@Suite struct RestoreAgainTests {
    @Test(arguments: [OverwritePolicy.never, .changed])
    func itGoesOn(policy: OverwritePolicy) async throws {
        try await Scene.with { scene in
            try await scene.fill(60)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let options = RestoreRun.Options(overwrite: policy)
            var service = AlteredService(scene.source)
            let target = scene.source.store(for: "target")
            service.stores["target"] = FaultyObjectStore(
                target, [.on(.put, calls: 31...Int.max, .fail(.brokenConnection))])
            await expectError(.unreachable) { try await scene.restore(at: service, options: options) }
            let there = try await target.keys().count
            #expect(there == 30)

            let counted = FaultyObjectStore(target, [])
            service.stores["target"] = counted
            let report = try await scene.restore(at: service, options: options)
            #expect(report.complete && report.restoredCount == 60 - there && report.skippedCount == there)
            #expect(counted.count(.put) == 60 - there)
            let differences = try await BucketContents(of: target).differences(from: BucketContents(of: scene.store))
            #expect(differences == [])
        }
    }
}
