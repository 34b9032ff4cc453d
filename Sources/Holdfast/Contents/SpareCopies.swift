// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Streams

/// The other copies of an archive that is being read, opened when the first one shows damage.
///
/// All copies hold the same bytes, so that a frame that is damaged in one is read from the next.
package actor SpareCopies {
    private let entry: VaultEntry
    private let copies: [any VaultCopy]
    private let environment: RunEnvironment
    private var opened: [any RandomAccessBytes]?
    /// The first thing that was wrong with the copy that is read.
    private var damage: (any Error)?

    init(_ entry: VaultEntry, in vault: Vault, beside label: String, _ environment: RunEnvironment) {
        self.entry = entry
        self.environment = environment
        copies = vault.copies.filter { copy in
            copy.label != label && entry.copies.contains { $0.label == copy.label }
        }
    }

    func bytes(after error: any Error) async -> [any RandomAccessBytes] {
        if damage == nil { damage = error }
        if let opened { return opened }
        var found: [any RandomAccessBytes] = []
        for copy in copies {
            // A copy that cannot be opened either is no spare; the error that is thrown is the first copy's.
            if let spare = try? await copy.openArchive(entry.file, environment) { found.append(spare.bytes) }
        }
        opened = found
        return found
    }

    /// What the operator should know of the copy that was read, if anything.
    func warning(about label: String) -> String? {
        damage.map { "The copy in \(label) is damaged (\($0)). Other copies were asked for what it lacks." }
    }
}
