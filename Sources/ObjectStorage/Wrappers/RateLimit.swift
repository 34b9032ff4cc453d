// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets bytes pass no faster than so many a second: a token bucket that holds what one second lets through.
///
/// Kept as a point in time, the one up to which the line is taken, so that whoever waits sleeps once, until his own turn,
/// and there is no queue to wake. Turns are given in the order of asking. One that is cancelled while it waits passes
/// unused: those behind it know their own already.
package final class RateLimit: Sendable {
    /// The slowest that makes sense: below, a lock of the vault would end before it could be renewed.
    package static let slowest = 1024

    /// Bodies up to this many bytes do not wait behind larger ones, which are made to wait for them instead.
    ///
    /// Whoever is at work in a vault renews a lock of some hundred bytes every few minutes. Behind the parts of an archive
    /// it would come too late, and another run would take it for dead.
    package static let shortBody: Int64 = 4096

    /// What an idle time earns at most.
    private static let burst = Duration.seconds(1)

    private struct Line {
        /// Until when the line is taken, as time since the limit was made: by all bodies, and by short ones alone.
        var taken = Duration.zero
        var takenByShort = Duration.zero
    }

    /// ``slowest`` or more.
    package let bytesPerSecond: Int
    private let line = Mutex(Line())
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Duration

    /// - Parameter bytesPerSecond: raised to ``slowest`` where it is less.
    package init(bytesPerSecond: Int, clock: any Clock<Duration> = ContinuousClock()) {
        self.bytesPerSecond = max(bytesPerSecond, Self.slowest)
        self.clock = clock
        now = stopwatch(clock)
    }

    /// Waits until `count` more bytes may pass.
    ///
    /// - Parameter bodyLength: bytes of the body that they belong to.
    /// - Throws: `CancellationError` when the task is cancelled, before or while it waits.
    package func pass(_ count: Int64, ofBody bodyLength: Int64) async throws {
        try Task.checkCancellation()
        guard count > 0 else { return }
        let moment = now()
        let cost = Duration.seconds(Double(count) / Double(bytesPerSecond))
        let turn = line.withLock { line in
            line.taken = max(line.taken, moment - Self.burst) + cost
            guard bodyLength <= Self.shortBody else { return line.taken }
            line.takenByShort = max(line.takenByShort, moment - Self.burst) + cost
            return min(line.taken, line.takenByShort)
        }
        guard turn > moment else { return }
        try await clock.sleep(for: turn - moment)
    }
}

/// The limits of what a process receives and sends, over all servers together; `nil` where there is none.
package struct Bandwidth: Sendable {
    package var download: RateLimit?
    package var upload: RateLimit?

    package init(download: RateLimit? = nil, upload: RateLimit? = nil) {
        self.download = download
        self.upload = upload
    }

    /// Whether nothing is held back.
    var isUnlimited: Bool { download == nil && upload == nil }
}
