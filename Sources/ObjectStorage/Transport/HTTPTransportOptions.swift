// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Limits of an HTTP transport.
package struct HTTPTransportOptions: Sendable {
    /// Connections to one host at once; further requests wait for one, at most ``connectTimeout``.
    package var connectionLimit = 64
    /// For DNS, TCP and TLS together.
    package var connectTimeout = Duration.seconds(10)
    /// A connection over which nothing moves for so long, though the other side is due, is given up. A request that
    /// makes progress is never cut, however slow, nor is one whose reader or source on this side takes its time.
    package var idleTimeout = Duration.seconds(60)
    /// The same while a PUT or POST waits for its answer to begin: copying or completing a large object may keep a
    /// server busy for minutes without a byte.
    package var workTimeout = Duration.seconds(300)
    /// From the call to the answer's head, and to its end when it is collected, for requests without a streamed body.
    package var requestTimeout = Duration.seconds(600)
    /// The same for requests with one: as long as the largest part may take over a slow line.
    package var uploadTimeout = Duration.seconds(86_400)
    /// A PEM file of certificates to trust beside those of the system.
    package var certificateAuthorities: String?
    /// Bytes read from a socket at once; one buffer for each connection with data.
    package var receiveBuffer = 256 << 10

    package init() {}
}

extension TimeAmount {
    /// To nanoseconds, at most 292 years.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(overflow ? .max : nanoseconds.addingReportingOverflow(attoseconds / 1_000_000_000).0)
    }
}
