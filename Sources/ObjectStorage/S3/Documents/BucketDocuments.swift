// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The documents about buckets that are read rather than kept as they are.
enum BucketDocuments {
    /// Reads a page of `ListAllMyBucketsResult`: the names, and the token of the next page.
    static func buckets(_ scanner: inout XMLScanner) throws -> (names: [String], continuation: String?) {
        var names: [String] = []
        var continuation: String?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Buckets":
                try scanner.forEachChild { scanner, name in
                    guard case "Bucket" = name else { return }
                    try scanner.forEachChild { scanner, name in
                        if case "Name" = name { names.append(try scanner.string()) }
                    }
                }
            case "ContinuationToken":
                let token = try scanner.string()
                continuation = token.isEmpty ? nil : token
            default: break
            }
        }
        return (names, continuation)
    }

    /// Reads `LocationConstraint`. Empty means the first region, and `EU` is the old name of another
    /// (S3 API, GetBucketLocation).
    static func location(_ scanner: inout XMLScanner) throws -> String {
        switch try scanner.string() {
        case "": "us-east-1"
        case "EU": "eu-west-1"
        case let region: region
        }
    }

    /// Reads `LocationConstraint` within another element.
    static func nestedLocation(_ scanner: inout XMLScanner) throws -> String {
        var region = "us-east-1"
        try scanner.forEachChild { scanner, name in
            if case "LocationConstraint" = name { region = try location(&scanner) }
        }
        return region
    }

    /// Writes `CreateBucketConfiguration`.
    static func creation(region: String) -> ByteBuffer {
        XMLWriter.document("CreateBucketConfiguration") { $0.element("LocationConstraint", region) }
    }
}

extension BucketDocument {
    /// The root element; `nil` for the policy, which is JSON.
    var root: StaticString? {
        switch self {
        case .versioning: "VersioningConfiguration"
        case .policy: nil
        case .lifecycle: "LifecycleConfiguration"
        case .cors: "CORSConfiguration"
        case .encryption: "ServerSideEncryptionConfiguration"
        case .notification: "NotificationConfiguration"
        case .tagging: "Tagging"
        case .objectLock: "ObjectLockConfiguration"
        case .ownershipControls: "OwnershipControls"
        case .acl: "AccessControlPolicy"
        }
    }

    /// What takes the document's place when it is removed where the S3 API knows no DELETE.
    var removal: Removal {
        switch self {
        case .versioning, .acl: .impossible
        case .notification: .replacement(XMLWriter.document("NotificationConfiguration") { _ in })
        // The lock itself stays for ever; what goes is the rule for new objects.
        case .objectLock:
            .replacement(
                XMLWriter.document("ObjectLockConfiguration") { $0.element("ObjectLockEnabled", "Enabled") })
        default: .delete
        }
    }

    enum Removal {
        case delete
        case replacement(ByteBuffer)
        case impossible
    }

    /// Codes by which servers say that nothing is set.
    static let absentCodes: Set<String> = [
        "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchCORSConfiguration", "NoSuchTagSet",
        "NoSuchTagSetError", "ServerSideEncryptionConfigurationNotFoundError",
        "ObjectLockConfigurationNotFoundError", "OwnershipControlsNotFoundError", "NoSuchOwnershipControls",
        "NoSuchConfiguration",
    ]
}
