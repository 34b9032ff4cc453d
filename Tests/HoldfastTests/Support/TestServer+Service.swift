// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import ObjectStorage
import TestSupport

extension TestServer {
    /// Runs `body` with a client of this server, over connections that are closed afterwards.
    func withService<Result>(_ body: (S3Service) async throws -> Result) async throws -> Result {
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            let result = try await body(try service(over: transport))
            try await transport.shutdown()
            return result
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }
}
