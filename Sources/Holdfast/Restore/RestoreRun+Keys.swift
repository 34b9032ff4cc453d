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
        /// When its objects changed last, milliseconds since 1970, UTC.
        let changed: Range<Int64>

        func contains(_ object: CatalogObject) -> Bool {
            object.key.starts(with: prefix) == takesPrefix && changed.contains(object.listed.lastModified)
        }
    }

    /// The steps in which what changed last is written first, as hours before the moment that the backup shows. Within a
    /// step objects come in the order of the archive, which is read forward: an order by time alone would read every
    /// frame as often as it has objects.
    static let ages: [Int64] = [1, 24, 7 * 24, 30 * 24, 365 * 24]

    /// One pass for all objects, or one for those that are written first and one for the rest; each in steps of age if
    /// that is asked for. Every pass reads the whole catalog.
    var passes: [Pass] {
        let cut = backup.metadata?.cut ?? environment.services.now()
        let ends = options.newestFirst ? Self.ages.map { TimeText.milliseconds(cut) - $0 * 3_600_000 } : []
        let bounds = [Int64.max] + ends + [Int64.min]
        let steps = zip(bounds, bounds.dropFirst()).map { $1..<$0 }
        let sides = options.first == nil ? [true] : [true, false]
        return sides.flatMap { side in
            steps.map { Pass(takesPrefix: side, prefix: options.first ?? [], changed: $0) }
        }
    }

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for what goes with current objects only.
    func checkOptionsFit() throws {
        guard options.allVersions, !options.mapping.isNone || options.first != nil || options.newestFirst else {
            return
        }
        throw HoldfastError(
            .invalidConfiguration,
            "--map, --first and --newest-first are for the current objects and do not go with --all-versions.",
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
                $0.isCurrent && pass.contains($0) && selection.contains($0.key)
            }
            .map { [overwrite = options.overwrite, catalog = backup.catalog, mapping = options.mapping] object in
                var object = object
                object.listed.key = mapping.target(of: object.key)
                return try await target.decision(on: object, overwrite, in: catalog)
            }
    }
}
