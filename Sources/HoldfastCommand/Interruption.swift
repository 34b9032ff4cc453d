// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Ctrl-C, `kill` and a terminal that goes away: the first asks the command to stop and clean up, the second ends the
/// process at once.
enum Interruption {
    /// Keeps the signals from killing the process.
    ///
    /// Must come before the first thread is made: threads inherit what they block, and a signal that one of them does
    /// not block ends the process there.
    static func takeOverSignals() {
        var signals = signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for signals for as long as the process lives.
    ///
    /// On the main thread: left to Swift's asynchronous main, it would sleep in `sigsuspend` with every signal let
    /// through, and the first one would end the process before anything is cleaned up.
    static func wait(_ stop: () -> Void) -> Never {
        var signals = signals
        var number: Int32 = 0
        var isAsked = false
        while true {
            guard sigwait(&signals, &number) == 0 else { continue }
            if isAsked { _exit(ExitStatus.interrupted.rawValue) }
            isAsked = true
            stop()
        }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        return signals
    }
}
