// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import TestSupport
import Testing

/// What can be proven of a sealed archive without an identity is said, and no more.
@Suite struct SealedProofTests {
    private func stages(_ scene: Scene, host: String = "state") async throws -> [ProofStage?] {
        try await scene.list(with: scene.environment(opening: [], host: host)).first?.proofs.map(\.strongest) ?? []
    }

    @Test func theHostThatWroteItKnowsTheBytes() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.backUp(sealedTo: [TestIdentity()], in: scene.local)
            _ = try await scene.verify(.contents, in: scene.local)
            #expect(try await stages(scene) == [.checksummed])
        }
    }

    @Test func anotherHostCanOnlyCompareCopies() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let mine = TestIdentity()
            try await scene.backUp(sealedTo: [mine])
            let elsewhere = try scene.environment(opening: [], host: "elsewhere")
            _ = try await scene.verify(.seal, with: elsewhere, in: scene.local)
            #expect(try await stages(scene, host: "elsewhere") == [])
            _ = try await scene.verify(.seal, with: elsewhere)
            #expect(try await stages(scene, host: "elsewhere") == [.checksummed, .checksummed])
            _ = try await scene.verify(.contents, with: scene.environment(opening: [mine], host: "elsewhere"))
            #expect(try await stages(scene, host: "elsewhere") == [.readBack, .readBack])
        }
    }
}
