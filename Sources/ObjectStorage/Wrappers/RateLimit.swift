// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

package import struct Foundation.Date

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

    private let timetable: RateTimetable
    private let line = Mutex(Line())
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Duration
    private let date: @Sendable () -> Date

    /// - Parameter bytesPerSecond: raised to ``slowest`` where it is less.
    package convenience init(bytesPerSecond: Int, clock: any Clock<Duration> = ContinuousClock()) {
        self.init(RateTimetable(constant: max(bytesPerSecond, Self.slowest)), clock: clock)
    }

    /// - Parameters:
    ///   - timetable: bytes a second, or whatever else is counted.
    ///   - clock: for waiting.
    ///   - date: the wall clock, which the timetable goes by.
    package init(
        _ timetable: RateTimetable, clock: any Clock<Duration> = ContinuousClock(),
        date: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.timetable = timetable
        self.clock = clock
        self.date = date
        now = stopwatch(clock)
    }

    /// The rate, where it is the same at all times.
    package var bytesPerSecond: Int? { timetable.constant }

    /// Waits until `count` more bytes may pass.
    ///
    /// - Parameter bodyLength: bytes of the body that they belong to.
    /// - Throws: `CancellationError` when the task is cancelled, before or while it waits.
    package func pass(_ count: Int64, ofBody bodyLength: Int64) async throws {
        try Task.checkCancellation()
        guard count > 0 else { return }
        let moment = now()
        let today = date()
        let turn = line.withLock { line in
            line.taken = end(of: count, from: max(line.taken, moment - Self.burst), moment, today)
            guard bodyLength <= Self.shortBody else { return line.taken }
            line.takenByShort = end(of: count, from: max(line.takenByShort, moment - Self.burst), moment, today)
            return min(line.taken, line.takenByShort)
        }
        guard turn > moment else { return }
        try await clock.sleep(for: turn - moment)
    }

    /// When so much has passed that begins to pass at `start`. The changes of the rate that are to come are counted in, so
    /// that who waits need not look again.
    private func end(of count: Int64, from start: Duration, _ moment: Duration, _ today: Date) -> Duration {
        if let constant = timetable.constant { return start + .seconds(Double(count) / Double(constant)) }
        let wait = start - moment
        let begin = today.addingTimeInterval(
            Double(wait.components.seconds) + Double(wait.components.attoseconds) / 1e18)
        return start + .seconds(timetable.seconds(toPass: count, from: begin))
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
