// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

extension BucketCopy {
    /// What is to be known of object lock in a vault bucket; `nil` when there is none and none is wanted, and when what is
    /// wrong with it has been said already.
    func checkLock() async -> CheckResult? {
        guard let state = try? await lockState() else { return nil }
        guard state.isEnabled else { return nil }
        let settings = lock.map { "archives are locked when they are written (\($0))" }
        if let rule = state.defaultRetention {
            return CheckResult(
                "object lock", .warning,
                "\(label): \(settings ?? "Holdfast locks no archive there"); the bucket itself locks all that is put into it for \(rule)",
                fix:
                    "Take the default retention away: Holdfast's small files, its locks and marks, get it too. They work all the same, and their traces stay until it is over; prune removes them then."
            )
        }
        guard let settings else {
            return CheckResult(
                "object lock", .warning, "\(label): the bucket has object lock, and no archive is locked",
                fix: "Say for how long with HOLDFAST_VAULT_LOCK or vault.lock, 30d for instance.")
        }
        let mode = lock?.mode == .governance ? "; who has s3:BypassGovernanceRetention can lift it" : ""
        return CheckResult("object lock", .good, "\(label): \(settings)\(mode)")
    }
}
