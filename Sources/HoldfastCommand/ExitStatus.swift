// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// How a command ended, for scripts. The numbers are a promise: they do not change.
enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Everything was done.
    case complete = 0
    case failed = 1
    /// The command or the configuration makes no sense.
    case usage = 2
    /// Done, except for what the report names.
    case exceptions = 3
    case notFound = 4
    /// Somebody else is at work, or the name is taken.
    case conflict = 5
    /// Bytes are not what they were.
    case corrupt = 6
    /// Wrong or missing key of a sealed archive.
    case wrongKey = 7
    /// By a signal.
    case interrupted = 130

    /// What `holdfast diff` says of states that differ, as diff(1) does.
    static let different = ExitStatus.failed

    init(_ code: HoldfastError.Code) {
        self =
            switch code {
            case .failed, .accessDenied, .unreachable: .failed
            case .invalidConfiguration: .usage
            case .notFound: .notFound
            case .conflict: .conflict
            case .corrupt: .corrupt
            case .wrongKey: .wrongKey
            }
    }

    /// What the help says of it.
    var explanation: String {
        switch self {
        case .complete: "complete"
        case .failed: "failed (diff: the two differ)"
        case .usage: "the command or the configuration makes no sense"
        case .exceptions: "finished with exceptions, which the report names"
        case .notFound: "no such bucket, backup or key"
        case .conflict: "somebody else is at work on it, or the name is taken"
        case .corrupt: "bytes are not what they were"
        case .wrongKey: "wrong or missing key"
        case .interrupted: "interrupted"
        }
    }
}
