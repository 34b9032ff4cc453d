// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("holdfast keys")
struct KeysTests {
    private func run(_ arguments: String...) async throws -> (
        status: HoldfastCommand.ExitStatus, output: String, messages: String
    ) {
        let (output, messages) = (try CapturedFile(), try CapturedFile())
        let program = Program(surroundings: .live(), output: output.output, messages: messages.messages)
        let status = await program.run(["keys"] + arguments)
        return (status, try output.text(), try messages.text())
    }

    @Test("An identity is written for its owner alone, and its recipient printed")
    func generate() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path.appending("identity.txt").string
        let made = try await run("generate", path)
        #expect(made.status == .complete && made.messages.isEmpty)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let text = try #require(try directory.contents()["identity.txt"])
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("# created: ") && lines[2].hasPrefix("AGE-SECRET-KEY-1"))
        let recipient = try #require(lines[1].split(separator: " ").last.map(String.init))
        #expect(recipient.hasPrefix("age1") && made.output.contains(recipient))
        #expect(!made.output.contains(lines[2]))

        #expect(try await run("show", path).output == recipient + "\n")
        let json = try await run("show", path, "--json")
        #expect(json.output.contains("\"\(recipient)\""))
        // The program that the format is of reads it too.
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["age-keygen", "-y", path]
        process.standardOutput = pipe
        try process.run()
        #expect(String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == recipient + "\n")
        process.waitUntilExit()
    }

    @Test("A file that is there is never written over")
    func neverOver() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path.appending("identity.txt").string
        #expect(try await run("generate", path).status == .complete)
        let before = try directory.contents()
        let again = try await run("generate", path)
        #expect(again.status == .conflict && again.messages.contains("not touched") && again.output.isEmpty)
        #expect(try directory.contents() == before)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path.appending("link").string, withDestinationPath: "/nowhere/at/all")
        #expect(try await run("generate", directory.path.appending("link").string).status != .complete)
        #expect(try await run("generate", directory.path.appending("gone/identity.txt").string).status == .failed)
    }

    @Test("What holds no identity is an error that repeats nothing of it")
    func show() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path.appending("x").string
        #expect(try await run("show", path).status == .notFound)
        try Data("hunter2\n".utf8).write(to: URL(fileURLWithPath: path))
        let ended = try await run("show", path)
        #expect(ended.status == .usage && !ended.messages.contains("hunter2") && ended.messages.contains("line 1"))
    }
}
