// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import NIOCore
import ObjectStorage
import Streams

/// A server with one bucket of as many objects as one likes, made when they are asked for: what a backup costs beside
/// the server and the network, and what memory it takes.
struct GeneratedService: StorageService {
    static let bucket = "generated"

    let count: Int
    /// Objects at the beginning of the bucket that are in another generation: what changed.
    var changed = 0

    var name: String { "generated:" }

    func identify() async throws -> ServerIdentity {
        ServerIdentity(product: "generated", region: "us-east-1", tellsTagCount: true)
    }

    func buckets() async throws -> [String] { [Self.bucket] }
    func bucketExists(_ bucket: String) async throws -> Bool { bucket == Self.bucket }
    func createBucket(_ bucket: String, objectLock: Bool) async throws { throw unsupported }
    func deleteBucket(_ bucket: String) async throws { throw unsupported }
    func store(for bucket: String) -> any ObjectStore { GeneratedStore(service: self) }
    func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? { nil }

    func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        throw unsupported
    }
}

private let unsupported = ObjectStoreError(.notImplemented, "generated buckets can only be read")

/// Keys like `folder-0000012/object-000012345.bin`, contents of 40 bytes.
struct GeneratedStore: ObjectStore {
    let service: GeneratedService
    var bucket: String { GeneratedService.bucket }

    private func key(_ number: Int) -> ObjectKey {
        ObjectKey("folder-\(padded(number / 1000, 7))/object-\(padded(number, 9)).bin")
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    private func content(_ number: Int) -> [UInt8] {
        Array("generation \(number < service.changed ? 2 : 1) of object \(padded(number, 9))\n".utf8)
    }

    private func info(_ number: Int) -> ObjectInfo {
        let content = content(number)
        let digest = Insecure.MD5.hash(data: content)
        return ObjectInfo(
            key: key(number), size: Int64(content.count), etag: digest.map { hex[Int($0)] }.joined(),
            lastModified: Date(timeIntervalSince1970: 1_700_000_000),
            attributes: ObjectAttributes(headers: [Field("content-type", "application/octet-stream")]))
    }

    func list(_ query: ListQuery) async throws -> ListPage {
        let start = query.continuation.flatMap { Int($0) } ?? 0
        let end = min(start + query.limit, service.count)
        return ListPage(
            objects: (start..<end).map { info($0) }, continuation: end < service.count ? String(end) : nil)
    }

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let number = try number(of: key)
        let content = ByteBuffer(bytes: content(number))
        return ObjectBody(info: info(number), length: Int64(content.readableBytes), bytes: ByteStream(content))
    }

    func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo { info(try number(of: key)) }

    private func number(of key: ObjectKey) throws -> Int {
        guard let number = Int(String(decoding: key.bytes.dropLast(4).suffix(9), as: UTF8.self)) else {
            throw ObjectStoreError(.notFound, "there is no \(key)")
        }
        return number
    }

    func tags(of key: ObjectKey, version: VersionID?) async throws -> [ObjectStorage.Tag] { [] }

    func listVersions(_ query: VersionQuery) async throws -> VersionPage { throw unsupported }

    func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        throw unsupported
    }

    func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] { throw unsupported }
    func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID { throw unsupported }

    func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart { throw unsupported }

    func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult { throw unsupported }

    func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws { throw unsupported }
    func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] { throw unsupported }
    func uploads(prefix: [UInt8]) async throws -> [PendingUpload] { throw unsupported }
    func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] { throw unsupported }
    func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws { throw unsupported }
}

/// Two digits for each byte.
private let hex = (0..<256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
