// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Ctrl-C, `kill` and a terminal that goes away: the first asks the command to stop and clean up, the second ends the
/// process at once.
final class Interruption: Sendable {
    private let count = Atomic<Int>(0)

    /// Whether somebody asked to stop.
    var hasHappened: Bool { count.load(ordering: .acquiring) > 0 }

    /// Keeps the signals from killing the process.
    ///
    /// Must come before the first thread is made: threads inherit what they block, and a signal that one of them does
    /// not block ends the process there.
    static func takeOverSignals() {
        var signals = signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for signals on a thread of its own.
    func listen(_ stop: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [self] in
            var signals = Self.signals
            var number: Int32 = 0
            while sigwait(&signals, &number) == 0 {
                if count.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue > 1 {
                    _exit(ExitStatus.interrupted.rawValue)
                }
                stop()
            }
        }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        return signals
    }
}
