// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What archives were found to say of themselves, for as long as their files are the same in every copy: a service is
/// asked for its backups every few seconds, and each would cost three reads.
///
/// At most 20,000, some kilobyte each.
final class KnownMetadata: Sendable {
    private struct Known {
        let copies: [(label: String, size: Int64, modified: Date)]
        let metadata: BackupMetadata
    }

    private static let capacity = 20_000

    private let known = Mutex<[String: Known]>([:])

    /// What the archive says; `nil` when it was not read yet, or its file is another one by now.
    func metadata(of entry: VaultEntry) -> BackupMetadata? {
        guard let found = known.withLock({ $0[entry.file.fileName] }) else { return nil }
        return found.copies.elementsEqual(entry.copies, by: ==) ? found.metadata : nil
    }

    func note(_ metadata: BackupMetadata, of entry: VaultEntry) {
        known.withLock { known in
            if known.count >= Self.capacity { known = [:] }
            known[entry.file.fileName] = Known(copies: entry.copies, metadata: metadata)
        }
    }
}
