// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// A store that the engine works with, and a way to see whether it answers.
package struct StoreProbe: Sendable {
    /// One word for programs: `source`, `vault-1`.
    package let id: String
    /// A URL or a directory.
    package let name: String
    /// `nil` for a directory.
    package let port: Int?
    /// Asks it for something small.
    package let probe: @Sendable () async throws -> Void
}

extension Engine {
    /// The source, if there is one, and each copy of the vault.
    package var stores: [StoreProbe] {
        var stores: [StoreProbe] = []
        if let source = try? source {
            stores.append(
                StoreProbe(id: "source", name: source.name, port: port(of: source.name)) {
                    _ = try await RetryLoop.$waitsOutOutages.withValue(false) { try await source.buckets() }
                })
        }
        for (index, copy) in vault.copies.enumerated() {
            stores.append(
                StoreProbe(id: "vault-\(index + 1)", name: copy.label, port: port(of: copy.label)) {
                    // The smallest folder: archives may be many.
                    _ = try await RetryLoop.$waitsOutOutages.withValue(false) {
                        try await copy.files(in: VaultLayout.locks)
                    }
                })
        }
        return stores
    }

    /// The port at the end of a name such as `http://127.0.0.1:9000`.
    private func port(of name: String) -> Int? {
        name.split(separator: ":").last.flatMap { Int($0) }
    }
}
