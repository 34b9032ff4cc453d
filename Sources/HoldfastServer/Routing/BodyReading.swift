// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import NIOCore

/// Reads a small body whole, and waits for it only so long.
enum BodyReading {
    /// Whoever sends a kilobyte in more than half a minute does not mean it.
    private static let limit = Duration.seconds(30)

    /// - Throws: ``Problem`` 413 for more than `bytes`, 408 when it does not come.
    static func collect(_ request: Request, upTo bytes: Int, _ context: ServiceContext) async throws -> Data {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > bytes {
            throw Problem(.contentTooLarge, "A request may have \(bytes) bytes.", context)
        }
        return try await withThrowingTaskGroup(of: Data?.self) { group in
            group.addTask {
                do {
                    let buffer = try await request.body.collect(upTo: bytes)
                    return Data(buffer.readableBytesView)
                } catch is NIOTooManyBytesError {
                    throw Problem(.contentTooLarge, "A request may have \(bytes) bytes.", context)
                }
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let data = first else {
                throw Problem(.requestTimeout, "The request's body did not come.", context)
            }
            return data
        }
    }
}
