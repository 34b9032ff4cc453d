// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog

/// What a run says when it has ended.
package protocol RunReport: Encodable, Sendable {
    /// Whether it did all that was asked for.
    var outcome: RunState { get }
}

extension BackupReport: RunReport {
    /// A backup that lacks a copy is one that has to be looked at.
    package var outcome: RunState { complete && degraded.isEmpty ? .complete : .exceptions }
}

extension RestoreReport: RunReport {
    package var outcome: RunState { complete ? .complete : .exceptions }
}

extension DeleteReport: RunReport {
    package var outcome: RunState { failed.isEmpty ? .complete : .exceptions }
}
extension PruneReport: RunReport {
    package var outcome: RunState { complete ? .complete : .exceptions }
}

extension VerifyReport: RunReport {
    /// Damage is no exception to a verification: it is what it looked for.
    package var outcome: RunState { isSound ? (isUnopened ? .exceptions : .complete) : .failed }
}
