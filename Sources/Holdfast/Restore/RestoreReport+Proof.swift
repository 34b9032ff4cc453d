// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension RestoreReport {
    /// Notes that a backup was restored, if all of it was written: nothing left out, left as it was, or missing.
    func recordProof(of backup: OpenedBackup, _ environment: RunEnvironment) async {
        guard !dryRun, complete, skippedCount == 0, restoredCount == selectedCount else { return }
        await ProofRecords(environment).update(backup.entry) { proofs in
            if proofs.copy == backup.copy, proofs.unsound == nil { proofs.restored = environment.services.now() }
        }
    }
}
