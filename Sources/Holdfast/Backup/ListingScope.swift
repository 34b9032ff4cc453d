// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

import struct Foundation.Date
import struct Foundation.TimeInterval

/// What of a bucket a backup shows.
enum ListingScope: Sendable {
    /// The objects as they are while they are listed and read: of a bucket without versions there is no other way.
    case current
    /// The bucket at one moment, by version ids, however long the run lasts.
    case versions(cut: Date, includesAll: Bool)

    /// The moment; `nil` where there is only an interval.
    var cut: Date? {
        guard case .versions(let cut, _) = self else { return nil }
        return cut
    }

    /// Finds out whether a bucket has versions.
    ///
    /// - Parameters:
    ///   - moment: the cut that the operator asks for; `nil` for now.
    ///   - includesAll: whether older versions and delete markers are asked for.
    ///   - warning: set when the server does not tell.
    /// - Throws: ``HoldfastError`` when a moment or versions are asked for that there cannot be.
    static func find(
        in bucket: String, at source: any StorageService, moment: Date?, includesAll: Bool, started: Date,
        warning: inout String?
    ) async throws -> ListingScope {
        if let moment, moment > started {
            throw HoldfastError(
                .invalidConfiguration, "\(TimeText.iso(moment)) is not over yet: no backup can show it.",
                hint: "Leave --at out to back up the bucket as it is.")
        }
        do {
            guard try await source.hasVersions(bucket) else {
                if moment != nil {
                    throw HoldfastError(
                        .invalidConfiguration,
                        "\(bucket) at \(source.name) keeps no versions: what it was at another moment is gone.",
                        hint: "Leave --at out to back up the bucket as it is.")
                }
                return .current
            }
        } catch let error as ObjectStoreError {
            guard moment == nil, !includesAll, error.code == .accessDenied else { throw error }
            warning =
                "These credentials may not ask whether \(bucket) has versions: the backup shows it as it was while it was read, and not at one moment."
            return .current
        }
        return .versions(
            cut: try await latestCut(moment: moment, started: started, source), includesAll: includesAll)
    }

    /// A version that was made before the run began must not be younger than the cut, whichever clock is ahead; the
    /// server tells its own in whole seconds.
    private static func latestCut(
        moment: Date?, started: Date, _ source: any StorageService
    ) async throws -> Date {
        if let moment { return moment }
        let clock = try await source.identify().clock?.addingTimeInterval(1)
        return max(started, clock ?? started)
    }
}

extension StorageService {
    /// Whether versioning is or was on, so that the bucket may hold versions.
    func hasVersions(_ bucket: String) async throws -> Bool {
        try await versioningStatus(of: bucket) != nil
    }

    /// `Enabled` or `Suspended`; `nil` for a bucket that never had versions, and on a server that has none.
    func versioningStatus(of bucket: String) async throws -> VersioningStatus? {
        do {
            guard let document = try await document(.versioning, of: bucket) else { return nil }
            return VersioningStatus(document: document)
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return nil
        }
    }
}

/// The state of versioning that a bucket with versions is in (S3 API, VersioningConfiguration).
package enum VersioningStatus: String, Sendable {
    case enabled = "Enabled"
    case suspended = "Suspended"

    /// Reads the server's document; `nil` when it names neither state.
    init?(document: [UInt8]) {
        let text = String(decoding: document, as: UTF8.self)
        let found = [Self.enabled, .suspended].first { text.contains("<Status>\($0.rawValue)</Status>") }
        guard let found else { return nil }
        self = found
    }

    /// The document that sets the state.
    var document: [UInt8] {
        Array(
            """
            <VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>\(rawValue)</Status></VersioningConfiguration>
            """.utf8)
    }
}
