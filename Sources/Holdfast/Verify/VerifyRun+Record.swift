// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension VerifyRun {
    /// Notes what was seen of each copy, good and bad, and tells in the report what is known of it now.
    func record(_ report: inout VerifyReport) async {
        let now = environment.services.now()
        let records = ProofRecords(environment)
        await records.update(entry) { proofs in
            guard let seen = report.copies.first(where: { $0.copy == proofs.copy }),
                // What was read must be what was listed, or another file would inherit the proof.
                seen.archiveBytes == proofs.archiveBytes
            else { return }
            if seen.isSound {
                proofs.note(seen.proven, soundTo: seen.depth, at: now)
            } else {
                proofs.noteUnsound(seen.objectsInBackup == nil ? seen.depth : .contents, at: now)
            }
        }
        for proofs in await records.proofs(of: entry) {
            guard let index = report.copies.firstIndex(where: { $0.copy == proofs.copy }) else { continue }
            report.copies[index].proofs = proofs
        }
    }
}

extension CopyVerification {
    /// What this verification shows, if it found nothing wrong. A sample shows nothing of the whole.
    fileprivate var proven: [ProofStage] {
        switch depth {
        case .seal: isSealCompared ? [.checksummed] : []
        case .structure: []
        case .frames: [.checksummed]
        case .contents: [.checksummed, .readBack]
        }
    }
}
