// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore
import ObjectStorage

/// The state of one bucket and what S3 does to it: a plain value, without waiting.
struct InMemoryBucket {
    enum Versioning {
        case unset, enabled, suspended
    }

    struct StoredVersion {
        let id: VersionID
        var isDeleteMarker = false
        var bytes = ByteBuffer()
        var etag = ""
        var modified: Date
        var attributes = ObjectAttributes()
        var partCount: Int?
        var firstPartSize: Int64?
        var acl = InMemoryBucket.ownerACL
        var retention: ObjectRetention?
        var hasLegalHold = false
    }

    /// What every object has at first: its owner may do everything.
    static let ownerACL = Array(
        """
        <AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>owner</ID></Owner>\
        <AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
        xsi:type="CanonicalUser"><ID>owner</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
        </AccessControlList></AccessControlPolicy>
        """.utf8)

    struct Upload {
        let key: ObjectKey
        let attributes: ObjectAttributes
        let retention: ObjectRetention?
        let initiated: Date
        var parts: [Int: (etag: String, bytes: ByteBuffer)] = [:]
    }

    let name: String
    let options: InMemoryOptions
    var versioning = Versioning.unset
    var documents: [BucketDocument: [UInt8]] = [:]
    var uploads: [UploadID: Upload] = [:]
    /// Newest first, never empty.
    private(set) var versions: [ObjectKey: [StoredVersion]] = [:]
    /// The keys of `versions`, in the order of listings.
    private(set) var sortedKeys: [ObjectKey] = []
    private var lastID = 0

    var isEmpty: Bool { sortedKeys.isEmpty }

    init(name: String, options: InMemoryOptions) {
        self.name = name
        self.options = options
    }

    mutating func makeID() -> String {
        lastID += 1
        let digits = String(lastID, radix: 36)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The version to read: the named one, or the current one unless that is a delete marker.
    func version(_ id: VersionID?, of key: ObjectKey) throws -> StoredVersion {
        let all = versions[key] ?? []
        let found = id == nil ? all.first : all.first { $0.id == id }
        guard let found, !found.isDeleteMarker else {
            throw ObjectStoreError(
                .notFound, "no object \(key) in bucket \(name)", status: 404, serverCode: "NoSuchKey")
        }
        return found
    }

    func info(_ version: StoredVersion, of key: ObjectKey) -> ObjectInfo {
        var info = ObjectInfo(
            key: key, version: versioning == .unset ? nil : version.id, size: Int64(version.bytes.readableBytes),
            etag: version.etag, lastModified: version.modified)
        info.partCount = version.partCount
        info.attributes.storageClass = version.attributes.storageClass
        return info
    }

    func checkWritable(_ key: ObjectKey, ifAbsent: Bool) throws {
        guard (1...1024).contains(key.bytes.count) else {
            throw ObjectStoreError(
                .badRequest, "a key of \(key.bytes.count) bytes", status: 400, serverCode: "KeyTooLongError")
        }
        guard ifAbsent else { return }
        guard options.hasConditionalWrites else {
            throw ObjectStoreError(.notImplemented, "no conditional writes", status: 501, serverCode: "NotImplemented")
        }
        if let current = versions[key]?.first, !current.isDeleteMarker {
            throw ObjectStoreError(
                .preconditionFailed, "\(key) exists in bucket \(name)", status: 412, serverCode: "PreconditionFailed")
        }
    }

    mutating func setTags(_ tags: [Tag], of key: ObjectKey) throws {
        _ = try version(nil, of: key)
        versions[key]?[0].attributes.tags = tags
    }

    mutating func apply(_ setting: ObjectSetting, to key: ObjectKey, _ id: VersionID?) throws {
        let found = try version(id, of: key)
        let index = versions[key]?.firstIndex { $0.id == found.id } ?? 0
        switch setting {
        case .acl(let document): versions[key]?[index].acl = document
        case .retention(let retention):
            try checkRetention(retention)
            try checkLengthens(found.retention, retention, key)
            versions[key]?[index].retention = retention
        case .legalHold(let isOn):
            try checkLockable()
            versions[key]?[index].hasLegalHold = isOn
        case .tags(let tags): versions[key]?[index].attributes.tags = tags
        }
    }

    /// What a new retention needs: a bucket with Object Lock, and a date to come.
    func checkRetention(_ retention: ObjectRetention?) throws {
        guard let retention else { return }
        try checkLockable()
        guard retention.until > options.now() else {
            throw ObjectStoreError(
                .badRequest, "the retain until date must be in the future", status: 400, serverCode: "InvalidArgument")
        }
    }

    /// What the bucket's own rule gives to every new version, counted in days.
    private var defaultRetention: ObjectRetention? {
        let text = String(decoding: documents[.objectLock] ?? [], as: UTF8.self)
        guard let start = text.range(of: "<Days>"), let end = text.range(of: "</Days>"),
            let days = Int(text[start.upperBound..<end.lowerBound])
        else { return nil }
        let mode = text.contains("COMPLIANCE") ? ObjectRetention.Mode.compliance : .governance
        return ObjectRetention(mode: mode, until: options.now().addingTimeInterval(Double(days) * 86_400))
    }

    /// Without the right to bypass it, a retention grows and keeps its mode.
    private func checkLengthens(_ old: ObjectRetention?, _ new: ObjectRetention, _ key: ObjectKey) throws {
        guard let old, old.until > options.now() else { return }
        guard old.mode == new.mode, new.until >= old.until else {
            throw ObjectStoreError(
                .accessDenied, "\(key) is under retention", status: 403, serverCode: "AccessDenied")
        }
    }

    private func checkLockable() throws {
        guard documents[.objectLock] != nil else {
            throw ObjectStoreError(
                .badRequest, "bucket \(name) has no Object Lock", status: 400, serverCode: "InvalidRequest")
        }
    }

    mutating func store(
        _ key: ObjectKey, _ bytes: ByteBuffer, etag: String, attributes: ObjectAttributes,
        retention: ObjectRetention? = nil,
        partCount: Int? = nil, firstPartSize: Int64? = nil
    ) -> PutResult {
        var version = StoredVersion(id: nextVersion(), modified: options.now())
        version.bytes = bytes
        version.etag = etag
        version.attributes = attributes
        version.partCount = partCount
        version.firstPartSize = firstPartSize
        version.retention = retention ?? defaultRetention
        add(version, to: key)
        return PutResult(etag: etag, version: versioning == .unset ? nil : version.id)
    }

    /// A version under retention or legal hold stays; a delete marker can be put on it all the same.
    mutating func delete(_ object: ObjectReference) throws {
        if let id = object.version {
            let found = versions[object.key]?.first { $0.id == id }
            if let found, found.hasLegalHold || (found.retention?.until ?? .distantPast) > options.now() {
                throw ObjectStoreError(
                    .accessDenied, "\(object.key) is locked", status: 403, serverCode: "AccessDenied")
            }
            remove(id, of: object.key)
        } else if versioning == .unset {
            remove(.null, of: object.key)
        } else {
            var marker = StoredVersion(id: nextVersion(), modified: options.now())
            marker.isDeleteMarker = true
            add(marker, to: object.key)
        }
    }

    private mutating func nextVersion() -> VersionID {
        versioning == .enabled ? VersionID(makeID()) : .null
    }

    /// There is at most one null version of a key; a new one replaces it.
    private mutating func add(_ version: StoredVersion, to key: ObjectKey) {
        if versions[key] == nil {
            sortedKeys.insert(key, at: firstIndex { !precedes($0.bytes, key.bytes) })
        }
        if version.id == .null { versions[key]?.removeAll { $0.id == .null } }
        versions[key, default: []].insert(version, at: 0)
    }

    private mutating func remove(_ id: VersionID, of key: ObjectKey) {
        versions[key]?.removeAll { $0.id == id }
        guard versions[key]?.isEmpty == true else { return }
        versions[key] = nil
        let index = firstIndex { !precedes($0.bytes, key.bytes) }
        sortedKeys.remove(at: index)
    }

    /// The first key for which `condition` holds, which must hold for all keys after it too.
    func firstIndex(where condition: (ObjectKey) -> Bool) -> Int {
        var low = 0
        var high = sortedKeys.count
        while low < high {
            let middle = (low + high) / 2
            if condition(sortedKeys[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The order of listings. A server that walks directories sorts `/` before every other byte.
    func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        switch options.order {
        case .bytes: left.lexicographicallyPrecedes(right)
        case .directories:
            left.lexicographicallyPrecedes(right) { first, second in
                (first == 47 ? -1 : Int(first)) < (second == 47 ? -1 : Int(second))
            }
        }
    }

    static func md5(_ bytes: ByteBuffer) -> [UInt8] {
        var hash = Insecure.MD5()
        bytes.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}

/// Lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The bytes that hexadecimal digits stand for; `nil` when they are none.
func bytes(hexadecimal text: Substring) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
