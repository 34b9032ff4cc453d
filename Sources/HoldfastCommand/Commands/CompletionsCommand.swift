// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `holdfast completions`
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a script that completes commands and options in a shell.",
        discussion: """
            Examples:
              holdfast completions bash > /etc/bash_completion.d/holdfast
              holdfast completions zsh > ~/.zfunc/_holdfast
              holdfast completions fish > ~/.config/fish/completions/holdfast.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish

        var shell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() {
        print(RootCommand.completionScript(for: shell.shell))
    }
}
