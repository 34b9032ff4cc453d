// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One obligation of an ``ObjectStore``, as something that can be run against any of them.
///
/// Knows no test framework: the tests run these against every conformer, and a command may run them against a user's server.
package struct StoreCheck: Sendable {
    /// What is checked, as a sentence.
    package let name: String
    /// What the server must be able to do for the check to make sense.
    package let requires: Set<StoreCapability>
    /// Runs the check. Everything it stores lies below `scratch`, which ends in `/`, and is removed by it unless it fails.
    ///
    /// - Throws: ``StoreCheckFailure`` when the obligation is not met; whatever the store throws.
    package let run: @Sendable (_ store: any ObjectStore, _ scratch: String) async throws -> Void

    init(
        _ name: String, requires: Set<StoreCapability> = [],
        run: @escaping @Sendable (_ scratch: ScratchPrefix) async throws -> Void
    ) {
        self.name = name
        self.requires = requires
        self.run = { store, prefix in
            let scratch = ScratchPrefix(store: store, prefix: prefix)
            try await run(scratch)
            try await scratch.clear()
        }
    }

    /// Every check that makes sense on a server of this kind. Those that require `.versioning` want a bucket in which
    /// it is enabled; the others suit any bucket.
    package static func checks(for limits: StoreLimits) -> [StoreCheck] {
        let all =
            contents + attributes + keys(for: limits) + listings + reading + writing + deletions + uploads + versions
            + concurrency
        return all.filter { $0.requires.isSubset(of: limits.capabilities) }
    }

    /// Every check there is.
    package static let all = checks(for: .all)
}

/// What servers differ in, and a check or a key may need.
package enum StoreCapability: String, CaseIterable, Sendable {
    /// Bucket versioning.
    case versioning
    /// Version listings that lose nothing, whatever the page size.
    case completeVersionListing
    /// Version listings that give a version `null` its place in time, also within a second.
    case nullVersionOrder
    /// UploadPartCopy.
    case partCopies
    case tagging
    /// Tags given when a multipart upload is created.
    case uploadTagging
    /// `put` with `ifAbsent`.
    case conditionalPut
    /// `completeUpload` with `ifAbsent`.
    case conditionalCompletion
    /// All of ``ObjectAttributes/systemHeaders`` but the redirect.
    case systemHeaders
    case websiteRedirect
    /// Metadata of no bytes.
    case emptyMetadata
    /// Listings in byte order.
    case byteOrder
    /// Prefixes that end inside a path segment.
    case partialPrefixes
    /// Overwriting such that a reader sees the old or the new object, and nothing else.
    case atomicOverwrite
    /// A leading `/` and `//`.
    case emptySegments
    /// `.` and `..` as path segments.
    case dotSegments
    case backslashes
    /// More than 255 bytes between two `/`.
    case longSegments
    /// `a` beside `a/b`.
    case nestedKeys
    /// A body and metadata under a key that ends in `/`.
    case directoryObjects
}

/// What a kind of server can do, as found by trying.
package struct StoreLimits: Sendable {
    package let name: String
    package let capabilities: Set<StoreCapability>

    package init(name: String, capabilities: Set<StoreCapability>) {
        self.name = name
        self.capabilities = capabilities
    }

    /// Everything, as at Amazon.
    package static let all = StoreLimits(name: "S3", capabilities: Set(StoreCapability.allCases))

    /// SeaweedFS 4: directories behind the keys.
    package static let seaweedfs = all.without(
        "SeaweedFS", .completeVersionListing, .nullVersionOrder, .websiteRedirect, .emptyMetadata, .byteOrder,
        .emptySegments,
        .dotSegments, .backslashes, .longSegments, .directoryObjects)

    /// Ceph RGW 16.
    package static let ceph = all.without("Ceph RGW", .uploadTagging, .conditionalCompletion)

    /// JuiceFS gateway 1.4: files and directories behind the keys, no versioning.
    package static let juicefs = all.without(
        "JuiceFS", .versioning, .completeVersionListing, .nullVersionOrder, .conditionalPut, .conditionalCompletion,
        .systemHeaders, .websiteRedirect, .byteOrder, .partialPrefixes, .atomicOverwrite, .emptySegments, .dotSegments,
        .nestedKeys, .directoryObjects)

    /// MiniStack 1.5: Amazon's behaviour since 2023, in memory.
    package static let ministack = all.without("MiniStack", .uploadTagging)

    private func without(_ name: String, _ missing: StoreCapability...) -> StoreLimits {
        StoreLimits(name: name, capabilities: capabilities.subtracting(missing))
    }
}

/// An obligation that was not met.
package struct StoreCheckFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
