// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams

extension Fault.Effect {
    var repeatsPage: Bool {
        if case .repeatPage = self { true } else { false }
    }
}

extension Fault {
    /// What happens before the request reaches the store behind.
    func strike(_ store: any ObjectStore, _ key: ObjectKey?, _ clock: any Clock<Duration>) async throws {
        switch effect {
        case .fail(let error): throw error
        case .delay(let duration): try await clock.sleep(for: duration)
        case .hang:
            let (silence, source) = AsyncStream<Never>.makeStream()
            for await _ in silence {}
            source.finish()
            throw CancellationError()
        case .vanish:
            if let key { _ = try await store.delete([ObjectReference(key)]) }
        case .replace(let content):
            if let key { _ = try await store.put(key, ReplayableBody(ByteBuffer(bytes: content)), PutOptions()) }
        case .run(let action): try await action(store)
        case .loseAnswer, .breakBody, .truncateBody, .flipBit, .claim, .repeatPage, .dropKeys, .refuse: break
        }
    }

    /// The lie about one object.
    func distort(_ info: inout ObjectInfo) {
        guard case .claim(let size, let etag) = effect, key == nil || key == info.key else { return }
        if let size { info.size = size }
        if let etag { info.etag = etag }
    }

    /// The refusal to delete one object; `nil` when it may go.
    func refusal(of object: ObjectReference) -> ObjectStoreError? {
        guard case .refuse(let error) = effect, key == nil || key == object.key else { return nil }
        return error
    }

    /// The damage to a body. It is read whole for that: bodies in tests are small.
    func distort(_ body: ObjectBody, _ options: GetOptions) async throws -> ObjectBody {
        var info = body.info
        distort(&info)
        switch effect {
        case .breakBody(let count):
            if body.length <= Int64(options.wholeUpTo) { throw ObjectStoreError.brokenConnection }
            let bytes = try await body.bytes.collect(upTo: Int(body.length))
            let beginning = bytes.getSlice(at: bytes.readerIndex, length: min(count, bytes.readableBytes))
            let broken = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                continuation.yield(beginning ?? ByteBuffer())
                continuation.finish(throwing: ObjectStoreError.brokenConnection)
            }
            return ObjectBody(info: info, length: body.length, bytes: ByteStream(broken))
        case .truncateBody(let count):
            let bytes = try await body.bytes.collect(upTo: Int(body.length))
            let beginning = bytes.getSlice(at: bytes.readerIndex, length: min(count, bytes.readableBytes))
            return ObjectBody(info: info, length: body.length, bytes: ByteStream(beginning ?? ByteBuffer()))
        case .flipBit(let position):
            var bytes = try await body.bytes.collect(upTo: Int(body.length))
            let index = bytes.readerIndex + position
            if position < bytes.readableBytes, let byte: UInt8 = bytes.getInteger(at: index) {
                bytes.setInteger(byte ^ 1, at: index)
            }
            return ObjectBody(info: info, length: body.length, bytes: ByteStream(bytes))
        default:
            return ObjectBody(info: info, length: body.length, bytes: body.bytes)
        }
    }
}
