// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import ObjectStorage

/// Until when an archive cannot be removed from one copy of the vault.
package struct CopyRetention: Codable, Equatable, Sendable {
    package var copy: String
    /// `governance` or `compliance`; absent when nothing keeps anybody from removing it.
    package var mode: String?
    /// UTC.
    package var until: Date?
    /// Why it is not known.
    package var problem: String?

    init(copy: String, _ retention: ObjectRetention?, now: Date) {
        self.copy = copy
        // What is over protects nothing.
        guard let retention, retention.until > now else { return }
        mode = retention.mode.words
        until = retention.until
    }

    init(copy: String, problem: String) {
        self.copy = copy
        self.problem = problem
    }
}

extension Vault {
    /// What the copies say that have an archive and were told to lock theirs: one HEAD each.
    package func retention(of entry: VaultEntry, now: Date) async -> [CopyRetention] {
        var found: [CopyRetention] = []
        for copy in copies where copy.lock != nil && entry.copies.contains(where: { $0.label == copy.label }) {
            found.append(await copy.shownRetention(of: entry.file, now: now))
        }
        return found
    }
}

extension VaultCopy {
    /// The retention of an archive for a report, which goes on when it cannot be had.
    func shownRetention(of file: ArchiveFile, now: Date) async -> CopyRetention {
        do {
            return CopyRetention(copy: label, try await retention(of: file), now: now)
        } catch {
            return CopyRetention(copy: label, problem: "\(error)")
        }
    }
}

/// An archive that a server does not let go yet.
struct HeldArchive: Error, CustomStringConvertible {
    /// `nil` under a legal hold, which has no date.
    let until: Date?

    /// - Returns: `nil` for an object that can be removed.
    init?(_ info: ObjectInfo, now: Date) {
        if info.hasLegalHold {
            until = nil
        } else if let retention = info.retention, retention.until > now {
            until = retention.until
        } else {
            return nil
        }
    }

    init(until: Date?) {
        self.until = until
    }

    var description: String {
        until.map { "object lock keeps it until \(TimeText.iso($0))" } ?? "somebody put a legal hold on it"
    }
}
