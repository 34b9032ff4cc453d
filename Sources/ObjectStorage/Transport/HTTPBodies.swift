// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import Streams
import Synchronization

/// The body of one attempt at a request, as AsyncHTTPClient wants it.
struct OutgoingBody {
    let content: HTTPClientRequest.Body?
    let isStream: Bool
    private let source: SourceFailure?

    init(_ body: ReplayableBody?) async throws {
        guard let body, body.length > 0 else {
            content = nil
            isStream = false
            source = nil
            return
        }
        if let buffer = body.buffer {
            content = .bytes(buffer)
            isStream = false
            source = nil
        } else {
            let source = SourceFailure()
            content = .stream(
                ExactBody(stream: try await body.makeStream(), length: body.length, failure: source),
                length: .known(body.length))
            isStream = true
            self.source = source
        }
    }

    /// What the body's source threw, if it was that which ended the request.
    var failure: (any Error)? { source?.error }
}

/// Remembers why a source ended: the HTTP client reports it as its own failure or not at all.
final class SourceFailure: Sendable {
    private let stored = Mutex<(any Error)?>(nil)

    var error: (any Error)? { stored.withLock { $0 } }

    func record(_ error: any Error) {
        stored.withLock { $0 = $0 ?? error }
    }
}

/// A body that gives exactly the bytes announced in `content-length`, or throws.
private struct ExactBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let stream: ByteStream
    let length: Int64
    let failure: SourceFailure

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: ExactBody
        var source: ByteStream.AsyncIterator
        var sent: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            do {
                guard let piece = try await source.next() else {
                    guard sent == body.length else {
                        throw ByteStreamError.endedEarly(wanted: body.length, got: sent)
                    }
                    return nil
                }
                sent += Int64(piece.readableBytes)
                guard sent <= body.length else {
                    throw ByteStreamError.tooLong(limit: Int(clamping: body.length))
                }
                return piece
            } catch {
                body.failure.record(error)
                throw error
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: self, source: stream.makeAsyncIterator())
    }
}

/// The body of an answer, its failures in the words of the contract.
struct IncomingBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let source: ByteStream
    let failures: TransportFailure

    struct AsyncIterator: AsyncIteratorProtocol {
        var source: ByteStream.AsyncIterator
        let failures: TransportFailure

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await source.next()
            } catch {
                throw failures.storeError(for: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source.makeAsyncIterator(), failures: failures)
    }
}
