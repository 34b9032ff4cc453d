// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// Shows how far an operation is until its task is cancelled: a line that is drawn five times a second on a terminal, a
/// line every five seconds elsewhere.
struct ProgressDisplay: Sendable {
    let meter: ProgressMeter
    let messages: MessageOutput
    /// Where lines go that stay.
    let note: @Sendable (String) -> Void

    @concurrent
    func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        var speed = ProgressSpeed()
        let pace: Duration = messages.isTerminal ? .milliseconds(200) : .seconds(5)
        // What ends at once is shown by its report.
        while (try? await clock.sleep(for: pace)) != nil {
            let reading = meter.reading
            let line = ProgressLine(reading: reading, speed: speed.add(reading, at: (clock.now - start).seconds))
            if messages.isTerminal {
                messages.show(progress: line.bar(width: messages.width))
            } else {
                note(line.sentence)
            }
        }
        if messages.isTerminal { messages.show(progress: "") }
    }
}
