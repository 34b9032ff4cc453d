// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

@main
enum Main {
    static func main() {
        Interruption.takeOverSignals()
        StandardOutput.surviveClosedPipes()
        let program = Program(surroundings: .live())
        guard let arguments else {
            let failure = Failure(
                code: "usage", message: "An argument is not UTF-8 text.",
                hint: "A key of other bytes can be given in hex: holdfast cat NAME --key-hex 66f6f6", status: .usage)
            program.messages.write(failure.text)
            exit(ExitStatus.usage.rawValue)
        }
        // Not structured: this is where the structure begins, and the thread that waits for signals cancels it.
        // Concurrent: a main function belongs to the main actor, which would wait for the thread that waits for signals.
        let work = Task { @concurrent in exit(await program.run(arguments).rawValue) }
        Interruption.wait { work.cancel() }
    }

    /// What was typed; `nil` when it is not text. `CommandLine.arguments` would replace what is not, so that another
    /// key than the one that was meant is looked for.
    private static var arguments: [String]? {
        var texts: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let bytes = CommandLine.unsafeArgv[index], let text = String(validatingCString: bytes) else {
                return nil
            }
            texts.append(text)
        }
        return texts
    }
}
