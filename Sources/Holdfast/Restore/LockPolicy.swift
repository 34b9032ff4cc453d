// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

import struct Foundation.Date
import struct Foundation.TimeInterval

/// What a restore does with the retention and the legal holds of a backup.
package enum LockPolicy: String, CaseIterable, Codable, Sendable {
    /// As they were.
    case keep
    /// As long from now as it was from the backup's moment; legal holds as they were.
    case shift
    /// None: whoever may delete the restored objects can do so.
    case drop
    /// The old dates in governance mode, which those with the right to can lift; legal holds as they were.
    case governance
}

/// What is done with one version once its bytes are there.
struct SettingsRestore: Sendable {
    let locks: LockPolicy
    /// The moment of the backup and that of the restore, UTC.
    let cut: Date
    let now: Date
    /// Whether ACLs are brought back.
    let acls: Bool

    /// Retention and legal hold. A date that is over protects nothing, and no server takes it.
    func locks(of object: CatalogObject) -> [ObjectSetting] {
        guard locks != .drop else { return [] }
        var settings: [ObjectSetting] = []
        if let retention = ProtectionText.retention(from: object.retention) {
            let shift = locks == .shift ? max(0, now.timeIntervalSince(cut)) : 0
            let until = retention.until.addingTimeInterval(shift)
            let mode = locks == .governance ? .governance : retention.mode
            if until > now { settings.append(.retention(ObjectRetention(mode: mode, until: until))) }
        }
        if ProtectionText.hasLegalHold(from: object.legalHold) { settings.append(.legalHold(true)) }
        return settings
    }

    /// Sets what belongs to a version that was just written.
    func apply(to object: CatalogObject, version: VersionID?, in store: any ObjectStore) async throws {
        let key = ObjectKey(object.key)
        if acls, let acl = ProtectionText.acl(from: object.acl) {
            let owner = try ObjectACL(document: try await store.acl(of: key, version: version)).owner
            try await store.apply(.acl(acl.owned(by: owner).document), to: key, version: version)
        }
        for setting in locks(of: object) { try await store.apply(setting, to: key, version: version) }
    }
}

extension CatalogObject {
    /// Whether it was under a retention or a legal hold.
    package var isLocked: Bool { retention != nil || legalHold != nil }
}
