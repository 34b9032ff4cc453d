// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

import struct Foundation.Date

/// A key of a bucket with versions: what it is now, and what it was at a moment.
struct KeyMoment: Sendable {
    let now: ObjectVersion
    /// `nil` when it did not exist yet.
    var then: ObjectVersion?
}

/// The keys of a listing of versions, which names those of one key one after the other, newest first.
///
/// In memory: two versions, whatever the number.
struct KeyMoments<Base: AsyncSequence<ObjectVersion, any Error> & Sendable>: AsyncSequence, Sendable {
    typealias Element = KeyMoment
    let versions: Base
    let moment: Date

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var versions: Base.AsyncIterator
        fileprivate let moment: Date
        private var waiting: ObjectVersion?
        private var hasBegun = false

        fileprivate init(versions: Base.AsyncIterator, moment: Date) {
            self.versions = versions
            self.moment = moment
        }

        mutating func next() async throws -> KeyMoment? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> KeyMoment? {
            if !hasBegun {
                waiting = try await versions.next(isolation: actor)
                hasBegun = true
            }
            guard let first = waiting else { return nil }
            waiting = nil
            var key = KeyMoment(now: first, then: first.info.lastModified <= moment ? first : nil)
            while let version = try await versions.next(isolation: actor) {
                guard version.info.key == first.info.key else {
                    waiting = version
                    break
                }
                if key.then == nil, version.info.lastModified <= moment { key.then = version }
            }
            return key
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(versions: versions.makeAsyncIterator(), moment: moment)
    }
}
