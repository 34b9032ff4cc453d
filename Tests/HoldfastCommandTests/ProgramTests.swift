// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Calls of holdfast")
struct ProgramTests {
    private struct Ended {
        let status: HoldfastCommand.ExitStatus
        let output: String
        let messages: String
    }

    /// Runs a command on a machine where nothing is configured.
    private func run(_ arguments: [String], _ places: Places = Places()) async throws -> Ended {
        let output = try CapturedFile()
        let messages = try CapturedFile()
        let program = Program(surroundings: places.surroundings, output: output.output, messages: messages.messages)
        let status = await program.run(arguments)
        return Ended(status: status, output: try output.text(), messages: try messages.text())
    }

    private static let commandNames = RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }

    @Test("Help is printed for every command, with examples", arguments: commandNames)
    func help(_ command: String) async throws {
        let ended = try await run([command, "--help"])
        #expect(ended.status == .complete)
        #expect(ended.output.contains("Examples:") && ended.output.contains("holdfast \(command)"))
        #expect(ended.messages.isEmpty)
    }

    @Test("There are as many commands as names of them")
    func names() {
        #expect(Self.commandNames.count == RootCommand.configuration.subcommands.count)
        #expect(Self.commandNames.count >= 12)
    }

    @Test("The help of holdfast lists the exit codes; the version is told")
    func root() async throws {
        let help = try await run(["--help"])
        #expect(help.status == .complete)
        for status in HoldfastCommand.ExitStatus.allCases { #expect(help.output.contains("\(status.rawValue)")) }
        #expect(help.output.contains("no such bucket, backup or key"))
        let version = try await run(["--version"])
        #expect(version.status == .complete && version.output.hasPrefix("holdfast "))
    }

    @Test(
        "What makes no sense ends in 2, with the usage on standard error",
        arguments: [
            ["backups", "--nonsense"], ["backup"], ["backup", "photos", "--format", "rar"],
            ["backup", "s3://photos/prefix"],
            ["verify"], ["verify", "a", "--all"], ["cat", "a"], ["cat", "a", "b", "--key-hex", "00"],
            ["cat", "a", "--key-hex", "0"], ["cat", "a", "--key-hex", ""], ["diff", "a", "s3://b/c"], ["show"],
            ["restore", "a", "--overwrite", "maybe"], ["backup", "b", "--secret-key", "hunter2"],
        ])
    func usage(_ arguments: [String]) async throws {
        let ended = try await run(arguments)
        #expect(ended.status == .usage)
        #expect(ended.output.isEmpty)
        #expect(ended.messages.hasPrefix("Error: "))
    }

    @Test(
        "With --json an error is an object, whoever found it",
        arguments: [["backup", "--json"], ["buckets", "--json"]])
    func jsonErrors(_ arguments: [String]) async throws {
        let ended = try await run(arguments)
        #expect(ended.status == .usage && ended.output.isEmpty)
        let value = try JSONSerialization.jsonObject(with: Data(ended.messages.utf8)) as? [String: [String: Any]]
        let error = try #require(value?["error"])
        #expect(error["exit_code"] as? Int == 2)
        #expect((error["message"] as? String)?.isEmpty == false)
        #expect(["usage", "invalid_configuration"].contains(error["code"] as? String))
    }

    @Test("An unknown command is named, also beside options that no command has")
    func unknownCommand() async throws {
        let ended = try await run(["bakcup", "photos", "--frob"])
        #expect(ended.status == .usage && ended.output.isEmpty)
        #expect(ended.messages == "holdfast: There is no command “bakcup”.\n  → Did you mean holdfast backup?\n")
        let json = try await run(["frobnicate", "--json"])
        #expect(json.status == .usage)
        #expect(json.messages.hasPrefix(#"{"error":{"code":"usage""#) && json.messages.contains("frobnicate"))
        #expect(try await run([]).status == .complete)
        #expect(try await run(["help", "backup"]).status == .complete)
    }

    @Test("A prefix behind a bucket is refused with the reason")
    func prefix() async throws {
        let ended = try await run(["backup", "photos/2026"])
        #expect(ended.status == .usage)
        #expect(ended.messages.contains("name a bucket alone"))
    }

    @Test("With JSON logs nothing else is on standard error")
    func jsonLogs() async throws {
        let ended = try await run(["backup", "photos", "--log-format", "json"])
        #expect(ended.status == .usage)
        for line in ended.messages.split(separator: "\n") {
            #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
        }
    }

    @Test("Without a configured server the way to one is told")
    func unconfigured() async throws {
        let ended = try await run(["backup", "photos"])
        #expect(ended.status == .usage)
        #expect(ended.messages.hasPrefix("holdfast: No server is configured.\n  → Set MINIO_ENDPOINT"))
    }

    @Test("A vault in a directory is read without any server")
    func offline() async throws {
        let directory = try TemporaryDirectory()
        var places = Places()
        places.environment["HOLDFAST_VAULT_DIRECTORY"] = directory.path.appending("vault").string
        places.environment["HOLDFAST_STATE_DIRECTORY"] = directory.path.appending("state").string
        let list = try await run(["backups"], places)
        #expect(list.status == .complete)
        #expect(list.output == "There are no backups yet in \(directory.path.appending("vault")).\n")
        let missing = try await run(["show", "first"], places)
        #expect(missing.status == .notFound)
        #expect(missing.messages.hasPrefix("holdfast: There is no backup named first."))
        let none = try await run(["verify", "--all"], places)
        #expect(none.status == .notFound)
        let unasked = try await run(["delete", "first"], places)
        #expect(unasked.status == .notFound)
    }

    @Test("Completions know the commands", arguments: ["bash", "zsh", "fish"])
    func completions(_ shell: String) throws {
        let command = try #require(try RootCommand.parseAsRoot(["completions", shell]) as? CompletionsCommand)
        #expect(RootCommand.completionScript(for: command.shell.shell).contains("restore"))
    }

    @Test("A bucket may be written as a URL, and never with a prefix")
    func buckets() {
        #expect(BucketArgument(argument: "photos")?.name == "photos")
        #expect(BucketArgument(argument: "s3://photos/")?.name == "photos")
        for wrong in ["", "s3://", "s3:///", "photos/2026", "s3://photos/2026"] {
            #expect(BucketArgument(argument: wrong) == nil)
        }
    }
}
