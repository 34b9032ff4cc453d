// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// One bucket: whole objects in, whole objects out.
///
/// The waist of the house. Conformers: the S3 client, the in-memory store of the tests, and the wrappers (retry,
/// throttle, observe, read-only). Every method may be called concurrently. Errors are ``ObjectStoreError``;
/// cancellation is `CancellationError`. ``StoreCheck`` holds these obligations as executable checks.
package protocol ObjectStore: Sendable {
    /// The bucket's name.
    var bucket: String { get }

    /// One page of current objects, in the server's own order (ListObjectsV2). Byte order is not promised.
    func list(_ query: ListQuery) async throws -> ListPage

    /// One page of versions and delete markers in document order (ListObjectVersions).
    /// A server without versioning throws `.notImplemented` or gives every object as version `null`.
    func listVersions(_ query: VersionQuery) async throws -> VersionPage

    /// Opens an object for reading. A missing object throws `.notFound`; `ifMatch` against another ETag throws
    /// `.preconditionFailed`; a range past the end `.rangeNotSatisfiable`. The body is as stored, never decoded.
    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody

    /// What is known of an object, its body left alone.
    func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo

    /// Bytes of the first part of an object that was uploaded in parts; `nil` where the server does not tell it.
    func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64?

    /// Stores the whole body or nothing; may start `body` again when it retries. `ifAbsent` on an existing key throws
    /// `.preconditionFailed`; a server that lacks conditional writes throws `.notImplemented` for it.
    func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult

    /// Deletes objects or versions, any number of them; one outcome for each, in order. A missing key is a success.
    func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome]

    /// Begins a multipart upload; attributes and tags belong here, not to completion.
    func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID

    /// Stores part `number` (1 to 10,000); the same number again replaces it.
    func uploadPart(_ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody) async throws
        -> UploadedPart

    /// Makes part `number` of a range of an object in this bucket, without its bytes coming here. The object must still
    /// have the ETag `ifMatch`, or this throws `.preconditionFailed`; some servers do not look at that. A store that
    /// cannot copy throws `.notImplemented`.
    func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart

    /// Makes the object of `parts`, ascending by number: the one moment at which it appears. A 200 answer that
    /// carries an error is that error.
    func completeUpload(_ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool) async throws
        -> PutResult

    /// Gives up an upload and its parts; one that is gone already is a success.
    func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws

    /// The parts of an upload so far, ascending by number. An upload that is gone throws `.notFound`.
    func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart]

    /// Every upload begun and neither completed nor aborted, below `prefix`.
    func uploads(prefix: [UInt8]) async throws -> [PendingUpload]

    /// The tags of an object. A server without tagging throws `.notImplemented`.
    func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag]

    /// The `AccessControlPolicy` of an object as the server keeps it. A server without ACLs throws `.notImplemented`.
    func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8]

    /// Changes what is kept beside an object's bytes and headers; the same again changes nothing. A server that does not
    /// know the setting throws `.notImplemented`.
    func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws
}

extension ObjectStore {
    /// For stores that know no parts.
    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? { nil }

    /// For stores that cannot copy.
    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        throw ObjectStoreError(.notImplemented, "parts of \(key) in bucket \(bucket) cannot be copied")
    }
}
