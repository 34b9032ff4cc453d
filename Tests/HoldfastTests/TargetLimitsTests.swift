// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// What a server cannot hold is said before anything is written.
@Suite struct TargetLimitsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let key: String
        var size: Int64 = 1
        /// The servers that cannot hold it.
        let refusedBy: [String]
        var testDescription: String { key }
    }

    static let products = ["SeaweedFS 4.09", "MinIO", "JuiceFS", "AmazonS3", "Ceph"]
    static let filers = ["SeaweedFS 4.09", "MinIO", "JuiceFS"]
    static let cases = [
        Case(key: "a/b.txt", refusedBy: []),
        Case(key: "a/", size: 0, refusedBy: []),
        Case(key: "a/", refusedBy: ["SeaweedFS 4.09"]),
        Case(key: "/a", refusedBy: filers),
        Case(key: "a//b", refusedBy: filers),
        Case(key: "a\\b", refusedBy: filers),
        Case(key: "a/./b", refusedBy: filers),
        Case(key: "..", refusedBy: filers),
        Case(key: "..a/b..", refusedBy: []),
        Case(key: String(repeating: "x", count: 255), refusedBy: []),
        Case(key: String(repeating: "x", count: 256), refusedBy: filers),
        Case(key: String(repeating: "x/", count: 512), size: 0, refusedBy: []),
        Case(key: String(repeating: "x", count: 1025), refusedBy: products),
        Case(key: "huge", size: 1 << 60, refusedBy: products),
    ]

    @Test(arguments: cases, products)
    func keysAreMeasured(expected: Case, product: String) {
        let limits = TargetLimits(ServerIdentity(product: product, region: "", tellsTagCount: true))
        let problem = limits.problem(key: Array(expected.key.utf8), size: expected.size)
        #expect((problem != nil) == expected.refusedBy.contains(product), "\(problem ?? "nothing")")
    }

    @Test func anUnknownServerIsTrusted() {
        let limits = TargetLimits(ServerIdentity(product: nil, region: "", tellsTagCount: true))
        #expect(limits.problem(key: Array("/a//../b\\".utf8), size: 1) == nil)
        #expect(!limits.excludesNested)
    }

    @Test func whatTheTargetCannotHoldIsNamedAndTheRestIsRestored() async throws {
        try await Scene.with { scene in
            for key in ["a", "a/b", "c//d", "e"] { try await scene.store.put(key, [1]) }
            try await scene.backUp()
            for dryRun in [true, false] {
                var service = AlteredService(scene.source)
                service.identity = ServerIdentity(product: "MinIO", region: "", tellsTagCount: true)
                let report = try await scene.restore(at: service, options: RestoreRun.Options(dryRun: dryRun))
                #expect(!report.complete)
                #expect(report.exceptions.map(\.key).sorted() == ["a/b", "c//d"])
                #expect(report.exceptions.allSatisfy { $0.reason == "target" })
                #expect(report.restoredCount == 2)
            }
            #expect(try await scene.source.store(for: "target").keys() == ["a", "e"])
        }
    }
}
