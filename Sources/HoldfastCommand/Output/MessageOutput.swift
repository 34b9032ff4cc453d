// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// Standard error: messages, log lines, and on a terminal one line of progress that stays below them.
///
/// Written to directly, as loggers do: lines are short, and a terminal or a log collector takes them at once.
final class MessageOutput: Sendable {
    private let descriptor: FileDescriptor
    /// Whether somebody watches.
    let isTerminal: Bool
    /// The line of progress that is on the terminal now.
    private let shown = Mutex("")

    init(_ descriptor: FileDescriptor = .standardError) {
        self.descriptor = descriptor
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
        isTerminal = isatty(descriptor.rawValue) == 1 && !isDumb
    }

    /// Columns of the terminal, 80 where it does not say.
    var width: Int {
        var size = winsize()
        guard ioctl(descriptor.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes a line, or several; the line of progress moves down.
    func write(_ text: String) {
        shown.withLock { progress in
            let wipe = progress.isEmpty ? "" : "\r\u{1B}[K"
            send(wipe + PrintableText.printable(text) + "\n" + progress)
        }
    }

    /// Replaces the line of progress; an empty one wipes it.
    func show(progress: String) {
        shown.withLock { shown in
            guard shown != progress else { return }
            shown = progress
            send("\r\u{1B}[K" + progress)
        }
    }

    /// There is nobody to tell that messages cannot be written.
    private func send(_ text: String) {
        _ = try? descriptor.writeAll(text.utf8)
    }
}
