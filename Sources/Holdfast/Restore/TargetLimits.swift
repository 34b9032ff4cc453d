// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage

/// What a kind of server cannot hold, known before anything is written (measured on real servers, `Documentation/servers.md`).
package struct TargetLimits: Sendable {
    /// Leading or doubled slashes and backslashes are rewritten, so that another key would be written.
    private let rewritesKeys: Bool
    /// `.` and `..` as segments are refused.
    private let refusesDotSegments: Bool
    /// Bytes of one segment.
    private let segmentLimit: Int?
    /// A key that ends in `/` loses its content.
    private let foldersAreEmpty: Bool
    /// A key cannot be beside another below it (`a` beside `a/b`).
    package let excludesNested: Bool
    private let serverName: String

    package init(_ identity: ServerIdentity) {
        let product = identity.product?.lowercased() ?? ""
        let isSeaweed = product.contains("seaweed")
        let isMinIO = product.contains("minio") || product.contains("juicefs")
        serverName = identity.product ?? "this server"
        rewritesKeys = isSeaweed || isMinIO
        refusesDotSegments = isSeaweed || isMinIO
        segmentLimit = isSeaweed || isMinIO ? 255 : nil
        foldersAreEmpty = isSeaweed
        excludesNested = isMinIO
    }

    /// Why the target cannot hold an object; `nil` when nothing is known to keep it out.
    package func problem(key: [UInt8], size: Int64) -> String? {
        if key.isEmpty { return "nothing is left of its key" }
        if key.count > 1024 { return "its key has \(key.count) bytes, S3 allows 1,024" }
        if size > Self.largestObject { return "it has \(size) bytes, more than one multipart upload holds" }
        let segments = key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if rewritesKeys {
            if key.first == UInt8(ascii: "/") { return "\(serverName) removes the / at the beginning of a key" }
            if key.contains(UInt8(ascii: "\\")) { return "\(serverName) turns \\ in a key into /" }
            if segments.dropLast().contains(where: \.isEmpty) { return "\(serverName) makes one / of several in a key" }
        }
        if refusesDotSegments, segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
            return "\(serverName) refuses keys with . or .. between slashes"
        }
        if let segmentLimit, let long = segments.first(where: { $0.count > segmentLimit }) {
            return "\(serverName) takes at most \(segmentLimit) bytes between slashes, this key has \(long.count)"
        }
        if foldersAreEmpty, key.last == UInt8(ascii: "/"), size > 0 {
            return "\(serverName) keeps no content of a key that ends in /"
        }
        return nil
    }

    /// 10,000 parts of 5 GiB (S3 API, multipart upload limits).
    private static let largestObject: Int64 = 10_000 * (5 << 30)
}

/// What S3 demands of a bucket's name (S3 User Guide, bucket naming rules).
package enum BucketNameRules {
    /// Why a new bucket cannot have the name; `nil` when it can.
    package static func problem(_ name: String) -> String? {
        let bytes = Array(name.utf8)
        guard (3...63).contains(bytes.count) else { return "it has \(bytes.count) characters, 3 to 63 are allowed" }
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }) else {
            return "only a-z, 0-9, - and . are allowed"
        }
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return "it must begin and end with a letter or a digit"
        }
        if name.contains("..") { return "two dots stand side by side" }
        let octets = name.split(separator: ".", omittingEmptySubsequences: false)
        if octets.count == 4, octets.allSatisfy({ UInt8($0) != nil }) { return "it looks like an IP address" }
        return nil
    }
}
