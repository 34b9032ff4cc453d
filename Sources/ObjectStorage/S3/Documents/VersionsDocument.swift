// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// `ListVersionsResult` (S3 API, ListObjectVersions), versions and delete markers in the order of the document: their
/// order among one another is nowhere else, since times have whole seconds on many servers.
struct VersionsDocument {
    private(set) var page = VersionPage()
    private(set) var isTruncated = false

    init(_ scanner: inout XMLScanner) throws {
        var encoding = ListingEncoding.plain
        var versions: [ObjectVersion] = []
        versions.reserveCapacity(1000)
        var markerKey: [UInt8]?
        var markerVersion: String?
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Version": versions.append(try Self.row(&scanner, isDeleteMarker: false))
            case "DeleteMarker": versions.append(try Self.row(&scanner, isDeleteMarker: true))
            case "CommonPrefixes":
                try scanner.forEachChild { scanner, name in
                    if case "Prefix" = name { page.commonPrefixes.append(try scanner.rawBytes()) }
                }
            case "IsTruncated": isTruncated = try scanner.flag()
            case "NextKeyMarker": markerKey = try scanner.rawBytes()
            case "NextVersionIdMarker": markerVersion = try scanner.string()
            case "EncodingType": encoding = try ListingEncoding(&scanner)
            default: break
            }
        }
        for index in versions.indices { try encoding.decode(&versions[index].info) }
        page.versions = versions
        page.commonPrefixes = try page.commonPrefixes.map { try encoding.decode($0) }
        if let markerKey, !markerKey.isEmpty {
            page.marker = VersionMarker(
                key: try encoding.decode(markerKey), version: markerVersion?.isEmpty == true ? nil : markerVersion)
        }
    }

    /// An entry without a version id comes from a server that never versioned: its one version is `null`.
    private static func row(_ scanner: inout XMLScanner, isDeleteMarker: Bool) throws -> ObjectVersion {
        let listed = try ListedObject(&scanner)
        var info = try listed.info(hasContent: !isDeleteMarker)
        if info.version == nil { info.version = .null }
        return ObjectVersion(info: info, isLatest: listed.isLatest, isDeleteMarker: isDeleteMarker)
    }
}
