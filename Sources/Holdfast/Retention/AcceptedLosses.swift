// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// The losses of sources that the operator said are none (`--accept-loss`), in the vault, so that no host asks again.
///
/// Read and written under the lock on the vault. Lost, it is asked for again.
struct AcceptedLosses: Codable {
    /// By bucket and source: backups up to this moment were seen when the loss was accepted.
    private var until: [String: Date] = [:]

    static let path = "accepted-losses.json"

    /// - Parameter now: acceptance of what is yet to come is not believed.
    func accepted(_ group: BackupGroup, now: Date) -> Date? { until[group.description].map { min($0, now) } }

    mutating func accept(_ group: BackupGroup, until moment: Date) { until[group.description] = moment }

    /// What the first copy that has the file says; nothing when none can be read.
    static func read(from vault: Vault) async throws -> AcceptedLosses {
        for copy in vault.copies {
            do {
                guard let content = try await copy.readFile(path) else { continue }
                let decoder = JSONDecoder()
                decoder.dateDecodingStrategy = .iso8601
                return try decoder.decode(AcceptedLosses.self, from: Data(content.readableBytesView))
            } catch {
                try Task.checkCancellation()
            }
        }
        return AcceptedLosses()
    }

    func write(to vault: Vault) async throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let content = ByteBuffer(bytes: try encoder.encode(self))
        for copy in vault.copies { try await copy.replaceFile(Self.path, content) }
    }
}

/// The backups that retention looks at together: those of the same keys of one bucket at one server. A bucket of the same
/// name elsewhere is another one, and a backup of some of the keys does not stand for one of all.
struct BackupGroup: Hashable, Comparable, CustomStringConvertible {
    let bucket: String
    let source: String?
    let selection: KeySelection

    var description: String {
        let place = source.map { "\(bucket) at \($0)" } ?? bucket
        return selection.isEverything ? place : "\(place), \(selection.words)"
    }

    static func < (left: BackupGroup, right: BackupGroup) -> Bool {
        (left.bucket, left.source ?? "", left.description) < (right.bucket, right.source ?? "", right.description)
    }
}
