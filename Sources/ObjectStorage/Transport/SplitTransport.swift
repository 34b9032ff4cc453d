// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Sends the contents of objects and parts over sockets of its own, everything else through AsyncHTTPClient.
///
/// A backup is some dozen kinds of request, of which one, sent once for each object, makes nearly all of the cost; this
/// one goes the short way. The rest is left to the library. Each of the two keeps its own connections, at most
/// `connectionLimit` each.
package struct SplitTransport: S3Transport {
    private let contents: LeanTransport
    private let others: AsyncHTTPClientTransport

    /// - Throws: ``ObjectStoreError`` when the file of certificates that `options` name cannot be used.
    package init(
        eventLoopGroup: any EventLoopGroup, options: HTTPTransportOptions = HTTPTransportOptions()
    ) throws {
        others = try AsyncHTTPClientTransport(eventLoopGroup: eventLoopGroup, options: options)
        contents = LeanTransport(eventLoopGroup: eventLoopGroup, options: options)
    }

    package func send(_ request: WireRequest) async throws -> WireResponse {
        request.carriesContents ? try await contents.send(request) : try await others.send(request)
    }

    package func shutdown() async throws {
        try await contents.shutdown()
        try await others.shutdown()
    }
}
