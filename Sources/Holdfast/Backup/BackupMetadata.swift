// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Crypto
package import Foundation
import NIOCore

/// `.backup_metadata.json`: the fields of the older system with their old meanings, and ours (format, tar stream).
package struct BackupMetadata: Codable, Sendable {
    package var bucketName: String
    package var backupName: String
    /// Naive UTC ISO 8601, as the older system wrote it.
    package var timestamp: String
    /// Objects listed.
    package var objectCount: Int
    /// Bytes of the objects in the backup.
    package var totalSizeBytes: Int64
    package var includeVersions: Bool

    package var formatVersion: Int?
    /// The moment the backup shows. For a bucket without versions: when its listing began; `cutEnd` is when reading ended,
    /// and `nil` where it is one moment.
    package var cut: Date?
    package var cutEnd: Date?
    /// `full`, or `incremental` when bytes of it lie in other archives, which `dependsOn` names by file, or in
    /// chunks of its own.
    package var kind: String?
    package var complete: Bool?
    package var exceptions: Int?
    /// Of what was listed, the objects that a read without a version id got.
    package var currentCount: Int?
    package var storedCount: Int?
    package var storedBytes: Int64?
    package var dependsOn: [String]?
    /// The archive of which it was made without the source, by file name; absent for all others.
    package var syntheticOf: String?
    /// What the operator calls it, for retention to keep; absent when there is none.
    package var tags: [String]?
    /// The globs of the keys that were asked for, and of those that were not, sorted; absent when there are none.
    package var include: [String]?
    package var exclude: [String]?
    /// What was asked for of these keys by size, time and storage class; absent when everything was.
    package var filter: ObjectFilter?
    package var source: Source?
    /// The server's own documents by name (`policy`, `lifecycle`, …), as text; absent where none is set.
    package var bucketConfiguration: [String: String]?
    /// Documents that could not be read, and why.
    package var bucketConfigurationUnread: [String: String]?
    package var holdfastVersion: String?

    package struct Source: Codable, Sendable {
        package var endpoint: String
        package var server: String?
        package var region: String?
    }

    /// By what a delta knows this backup's catalog: made of what the archive says elsewhere too, so that a catalog that
    /// is made again from the members is still the one that later deltas build on.
    var catalogID: String { Self.catalogID(bucket: bucketName, name: backupName, timestamp: timestamp) }

    static func catalogID(bucket: String, name: String, timestamp: String) -> String {
        let text = [bucket, name, timestamp].joined(separator: "\n")
        return Hex.text(SHA256.hash(data: Data(text.utf8)).prefix(16))
    }

    /// Which keys of the bucket it is a backup of.
    package var selection: KeySelection {
        KeySelection(includes: include ?? [], excludes: exclude ?? [], filter: filter ?? ObjectFilter()).canonical
    }

    /// What it was to hold of these keys, at the moment that it shows; `nil` when that is everything, or makes no sense.
    package var test: ObjectTest? {
        guard let filter, !filter.isEverything, let cut else { return nil }
        return try? ObjectTest(filter, at: cut)
    }

    /// The most bytes that a reader takes: the bucket's own documents are a few KiB each.
    static let limit = 16 << 20

    /// What an archive with an index says of itself; `nil` when it holds no metadata.
    ///
    /// - Throws: ``ArchiveError`` when it cannot be read.
    static func read(from archive: ArchiveReader) async throws -> BackupMetadata? {
        guard let range = archive.metadata else { return nil }
        guard range.count <= limit else { throw ArchiveError.corrupt("its metadata takes \(range.count) bytes") }
        let json = try await archive.read(range)
        do {
            return try decoded(from: Data(json.readableBytesView))
        } catch {
            throw ArchiveError.corrupt("its metadata is not the JSON that it should be")
        }
    }

    package static func decoded(from data: Data) throws -> BackupMetadata {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(BackupMetadata.self, from: data)
    }

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// `2026-11-23T04:05:06.123456` without a zone, microseconds left out when zero (contract of the older system).
    package static func naiveTimestamp(_ date: Date) -> String {
        let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded(.down))
        let seconds = Date(timeIntervalSince1970: Double(microseconds / 1_000_000))
        let base = TimeText.iso(seconds).dropLast()
        let fraction = microseconds % 1_000_000
        guard fraction != 0 else { return String(base) }
        return base + "." + String(String(fraction + 1_000_000).dropFirst())
    }
}
