// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast

extension CopyRetention {
    /// `locked until 2026-12-23 04:05:06 UTC, governance`, or what is wrong.
    var words: String {
        if let problem { return "whether it is locked is not known: \(problem)" }
        guard let until else { return "NOT LOCKED" }
        return "locked until \(AmountText.time(until)) UTC, \(mode ?? "")"
    }
}

extension [CopyRetention] {
    /// The weakest of them in a few words; `nil` for none.
    var summary: String? {
        let open = filter { $0.until == nil }
        guard open.isEmpty else {
            return "NOT LOCKED in \(open.map(\.copy).joined(separator: " and "))"
        }
        guard let first = self.min(by: { ($0.until ?? .distantPast) < ($1.until ?? .distantPast) }) else { return nil }
        return first.until.map { "locked until \(AmountText.day($0))" }
    }
}
