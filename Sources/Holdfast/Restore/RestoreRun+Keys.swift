// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

extension RestoreRun {
    /// One way through the backup.
    struct Pass: Sendable {
        /// Whether it takes the keys that begin with the prefix, or the others.
        let takesPrefix: Bool
        let prefix: [UInt8]

        func contains(_ key: [UInt8]) -> Bool { key.starts(with: prefix) == takesPrefix }
    }

    /// One pass for all objects, or one for those that are written first and one for the rest.
    var passes: [Pass] {
        guard let first = options.first else { return [Pass(takesPrefix: true, prefix: [])] }
        return [Pass(takesPrefix: true, prefix: first), Pass(takesPrefix: false, prefix: first)]
    }

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for what goes with current objects only.
    func checkOptionsFit() throws {
        guard options.allVersions, !options.mapping.isNone || options.first != nil else { return }
        throw HoldfastError(
            .invalidConfiguration, "--map and --first are for the current objects and do not go with --all-versions.",
            hint: "Restore the versions into a bucket of their own, or leave --all-versions out.")
    }

    /// Makes sure that no two of the objects that were asked for get one key.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration`, which names the first two.
    func checkKeysStayApart() async throws {
        guard !options.mapping.isNone else { return }
        for try await object in KeyOrder(catalog: backup.catalog, prefix: options.selection.prefix)
        where object.isCurrent && options.selection.contains(object.key) {
            let target = options.mapping.target(of: object.key)
            for other in options.mapping.sources(of: target)
            where other != object.key && options.selection.contains(other) {
                guard try await backup.catalog.object(key: other) != nil else { continue }
                throw HoldfastError(
                    .invalidConfiguration,
                    "\(ObjectKey(object.key)) and \(ObjectKey(other)) would both become \(ObjectKey(target)); nothing was written.",
                    hint: "Map them to different prefixes, or leave one of them out with --exclude.")
            }
        }
    }

    /// The objects that the operator asked for, in archive order, each under the key that it gets and with what is to be
    /// done.
    func wantedObjects(
        _ target: RestoreTarget, in pass: Pass
    ) -> some AsyncSequence<RestoreTarget.Decision, any Error> & Sendable {
        PositionOrder(catalog: backup.catalog)
            .filter { [selection = options.selection] in
                $0.isCurrent && pass.contains($0.key) && selection.contains($0.key)
            }
            .map { [overwrite = options.overwrite, catalog = backup.catalog, mapping = options.mapping] object in
                var object = object
                object.listed.key = mapping.target(of: object.key)
                return try await target.decision(on: object, overwrite, in: catalog)
            }
    }
}
