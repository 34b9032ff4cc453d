// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// A bucket's own settings as the server tells them, for the backup's metadata.
struct BucketConfiguration: Sendable {
    /// By name; absent where none is set or the server knows no such document.
    var documents: [String: String] = [:]
    /// By name, with the reason: what is set, if anything, is not in the backup.
    var unread: [String: String] = [:]

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
