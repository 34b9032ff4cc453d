// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension ProofStage {
    /// The stage as people read it.
    var words: String {
        switch self {
        case .written: "written"
        case .checksummed: "checksummed"
        case .readBack: "read back"
        case .restored: "restored"
        }
    }
}

extension CopyProofs {
    /// `written 2026-11-23 04:05:06, read back 2026-11-24 04:05:06`, UTC; what is wrong comes first.
    var words: String {
        var parts: [String] = []
        if let unsound { parts.append("NOT SOUND \(AmountText.time(unsound))") }
        for stage in ProofStage.allCases {
            if let date = self[stage] { parts.append("\(stage.words) \(AmountText.time(date))") }
        }
        return parts.isEmpty ? "nothing yet" : parts.joined(separator: ", ")
    }
}
