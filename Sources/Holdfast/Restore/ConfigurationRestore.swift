// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// What became of one document of a bucket's configuration.
package struct ConfigurationOutcome: Codable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Set now; in a dry run: would be set.
        case restored
        /// The target has the same already.
        case same
        case failed
        /// It could not be read when the backup was made.
        case notInBackup = "not in the backup"
    }

    /// As in the S3 API: `policy`, `lifecycle`, …
    package var document: String
    package var state: State
    /// Why it failed, or what was changed to make it fit.
    package var message: String?
}

/// Brings a bucket's own settings back.
///
/// After the objects: a lifecycle rule may remove them, and a policy forbid to write them.
struct ConfigurationRestore: Sendable {
    let metadata: BackupMetadata
    let service: any StorageService
    let bucket: String
    let dryRun: Bool

    /// What others depend on comes first. Versioning is the restore's own business where versions are restored.
    private static let order: [BucketDocument] = [
        .ownershipControls, .acl, .versioning, .objectLock, .encryption, .cors, .tagging, .notification, .lifecycle,
        .policy,
    ]

    func run() async throws -> [ConfigurationOutcome] {
        var outcomes: [ConfigurationOutcome] = []
        for document in Self.order {
            if let text = metadata.bucketConfiguration?[document.rawValue] {
                outcomes.append(try await restore(document, text))
            } else if let why = metadata.bucketConfigurationUnread?[document.rawValue] {
                outcomes.append(ConfigurationOutcome(document: document.rawValue, state: .notInBackup, message: why))
            }
        }
        return outcomes
    }

    private func restore(_ document: BucketDocument, _ text: String) async throws -> ConfigurationOutcome {
        var outcome = ConfigurationOutcome(document: document.rawValue, state: .restored)
        do {
            // A bucket that a dry run would make is not there to be asked.
            let exists = try await service.bucketExists(bucket)
            let present = exists ? try await service.document(document, of: bucket) : nil
            let wanted = try fitted(document, text, present: present, &outcome)
            if let present, String(decoding: present, as: UTF8.self) == wanted {
                outcome.state = .same
            } else if !dryRun {
                try await service.setDocument(document, of: bucket, to: Array(wanted.utf8))
            }
        } catch let error as ObjectStoreError {
            outcome.state = .failed
            outcome.message = error.message
        }
        return outcome
    }

    /// The document as the target can take it: a policy names its bucket, an ACL its owner.
    private func fitted(
        _ document: BucketDocument, _ text: String, present: [UInt8]?, _ outcome: inout ConfigurationOutcome
    ) throws -> String {
        switch document {
        case .policy where bucket != metadata.bucketName:
            outcome.message = "the bucket's name in it was changed"
            return ["\"", "/"].reduce(text) { policy, end in
                policy.replacing("arn:aws:s3:::\(metadata.bucketName)\(end)", with: "arn:aws:s3:::\(bucket)\(end)")
            }
        case .acl:
            guard let present else { return text }
            let owner = try ObjectACL(document: present).owner
            let acl = try ObjectACL(document: Array(text.utf8))
            if owner == acl.owner { return text }
            outcome.message = "the owner in it is the target's"
            return String(decoding: acl.owned(by: owner).document, as: UTF8.self)
        default: return text
        }
    }
}
