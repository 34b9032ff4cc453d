// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// What the target bucket holds before a restore, in a catalog of its own so that memory does not grow with it.
struct TargetState: Sendable {
    private let existing: CatalogReader?

    /// An empty target.
    static let empty = TargetState(existing: nil)

    private init(existing: CatalogReader?) {
        self.existing = existing
    }

    /// Lists the target.
    static func listing(of store: any ObjectStore, _ environment: RunEnvironment) async throws -> TargetState {
        TargetState(existing: try await CatalogReader.objects(of: store, environment))
    }

    /// Lists the target by versions: a key that is deleted and has a history is there too.
    static func versionListing(of store: any ObjectStore, _ environment: RunEnvironment) async throws -> TargetState {
        let pages = ObjectStorage.versionListing(of: store).map { page in
            page.versions.filter(\.isLatest).map { version in
                var info = version.info
                if version.isDeleteMarker { (info.size, info.etag) = (0, "") }
                return info
            }
        }
        return TargetState(existing: try await CatalogReader.collecting(pages, of: store.bucket, environment))
    }

    /// What the target has under a key.
    func object(_ key: [UInt8]) async throws -> ListedObject? {
        try await existing?.object(key: key)?.listed
    }
}
