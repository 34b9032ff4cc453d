// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import Testing

@testable import HoldfastCommand

@Suite("Exit codes")
struct ExitStatusTests {
    @Test("Each code of the engine has its number")
    func codes() {
        let numbers = Dictionary(
            uniqueKeysWithValues: HoldfastError.Code.allCases.map { ($0, HoldfastCommand.ExitStatus($0).rawValue) })
        #expect(
            numbers == [
                .failed: 1, .invalidConfiguration: 2, .notFound: 4, .conflict: 5, .corrupt: 6, .wrongKey: 7,
                .accessDenied: 1, .unreachable: 1,
            ])
        #expect(HoldfastCommand.ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 130])
    }

    @Test("Every error becomes a failure with a code, a status and the engine's words")
    func failures() {
        let known = Failure(HoldfastError(.notFound, "gone", hint: "look"))
        #expect(known == Failure(code: "not_found", message: "gone", hint: "look", status: .notFound))
        #expect(known.text == "holdfast: gone\n  → look")
        #expect(known.json == #"{"error":{"code":"not_found","exit_code":4,"hint":"look","message":"gone"}}"#)
        #expect(Failure(ObjectStoreError(.noSuchBucket, "no bucket")).status == .notFound)
        #expect(Failure(ObjectStoreError(.unauthorized, "bad key")).code == "access_denied")
        #expect(Failure(CancellationError()).status == .interrupted)
        #expect(Failure(known) == known)
    }

    @Test("Damage is damage, whichever module finds it")
    func damage() {
        struct Strange: Error {}
        #expect(Failure(HoldfastError(.corrupt, "bits")).status == .corrupt)
        #expect(Failure(Strange()).status == .failed)
    }
}
