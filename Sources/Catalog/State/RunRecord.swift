// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials

/// What became of a run.
package enum RunState: String, Codable, CaseIterable, Sendable {
    case running
    /// Everything that was asked for was done.
    case complete
    /// It ended, and its report names what was left out.
    case exceptions
    case failed
    /// Somebody asked for it to be stopped.
    case cancelled
    /// Its process ended before it did.
    case interrupted
}

/// One run, as history keeps it.
package struct RunRecord: Codable, Equatable, Sendable {
    package var id: String
    /// One word: backup, restore, verify, prune, delete.
    package var kind: String
    /// The bucket or backup that it works on.
    package var subject: String
    /// The plan that it belongs to, if it does.
    package var plan: String?
    /// The name of a token, `scheduler`, or `anonymous`.
    package var requester: String
    package var correlationID: String
    package var state: RunState
    /// UTC.
    package var begun: Date
    package var ended: Date?
    /// Why it failed.
    package var message: String?
    /// The report, JSON.
    package var report: Data?

    package init(
        id: String, kind: String, subject: String, plan: String?, requester: String, correlationID: String,
        state: RunState, begun: Date
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.plan = plan
        self.requester = requester
        self.correlationID = correlationID
        self.state = state
        self.begun = begun
    }
}
