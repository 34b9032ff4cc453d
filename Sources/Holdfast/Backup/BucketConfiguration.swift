// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// A bucket's own settings as the server tells them, for the backup's metadata.
struct BucketConfiguration: Sendable {
    /// By name; absent where none is set or the server knows no such document.
    var documents: [String: String] = [:]
    /// By name, with the reason: what is set, if anything, is not in the backup.
    var unread: [String: String] = [:]

    /// What is not in the backup, a sentence for each reason.
    var warnings: [String] {
        let reasons = Dictionary(grouping: unread.keys) { unread[$0] ?? "" }
        return reasons.sorted { $0.key < $1.key }.map { reason, names in
            "These settings of the bucket are not in the backup: \(names.sorted().joined(separator: ", ")). \(reason)"
        }
    }

    /// Asks for every document. Never throws: a bucket whose policy may not be read is still worth backing up.
    static func read(of bucket: String, from source: any StorageService) async -> BucketConfiguration {
        var configuration = BucketConfiguration()
        for document in BucketDocument.allCases {
            do {
                guard let content = try await source.document(document, of: bucket) else { continue }
                configuration.documents[document.rawValue] = String(decoding: content, as: UTF8.self)
            } catch let error as ObjectStoreError where error.code == .notImplemented {
                continue
            } catch {
                configuration.unread[document.rawValue] = "\(error)"
            }
        }
        return configuration
    }
}
