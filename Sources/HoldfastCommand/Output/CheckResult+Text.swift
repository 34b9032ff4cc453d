// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension CheckResult {
    /// The screen of `holdfast check`.
    static func lines(of results: [CheckResult]) -> [String] {
        let width = results.map(\.subject.count).max() ?? 0
        return results.flatMap { result in
            let blanks = String(repeating: " ", count: width - result.subject.count)
            let line = "\(result.verdict.mark)  \(result.subject)\(blanks)  \(result.finding)"
            return [line] + (result.fix.map { ["      → \($0)"] } ?? [])
        } + [summary(of: results)]
    }

    private static func summary(of results: [CheckResult]) -> String {
        let bad = results.count { $0.verdict == .bad }
        let warnings = results.count { $0.verdict == .warning }
        switch (bad, warnings) {
        case (0, 0): return "Everything is in order."
        case (0, _): return "Everything works; \(AmountText.count(warnings, "thing")) should be known."
        default: return "\(AmountText.count(bad, "thing is", "things are")) not in order."
        }
    }

    /// 1 when anything is bad; a warning is no failure.
    static func status(of results: [CheckResult]) -> ExitStatus {
        results.contains { $0.verdict == .bad } ? .failed : .complete
    }
}

extension CheckResult.Verdict {
    /// Four columns.
    fileprivate var mark: String {
        switch self {
        case .good: "ok  "
        case .warning: "warn"
        case .bad: "BAD "
        case .untried: "?   "
        }
    }
}
