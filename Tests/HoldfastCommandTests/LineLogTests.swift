// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Testing

@testable import HoldfastCommand

@Suite("Log lines")
struct LineLogTests {
    private func line(_ format: LogFormat, _ metadata: Logger.Metadata) throws -> String {
        var log = LineLog(format: format, messages: try CapturedFile().messages)
        log.now = { Date(timeIntervalSince1970: 0) }
        log[metadataKey: "run"] = "7"
        return log.line(
            for: LogEvent(
                level: .warning, message: "object not read", metadata: metadata, source: nil, file: "", function: "",
                line: 0))
    }

    @Test("For people")
    func text() throws {
        #expect(
            try line(.text, ["key": "a b", "error": "denied"])
                == #"warning: object not read error=denied key="a b" run=7"#)
    }

    @Test("For programs: one object a line, whose own fields nothing replaces")
    func json() throws {
        let line = try line(.json, ["key": "a\nb", "level": "fake", "message": "fake"])
        #expect(!line.contains("\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(
            object == [
                "timestamp": "1970-01-01T00:00:00Z", "service": "holdfast", "level": "WARNING",
                "message": "object not read", "key": "a\nb", "run": "7",
            ])
    }

    @Test("The level decides what is written")
    func levels() throws {
        let captured = try CapturedFile()
        let messages = captured.messages
        var logger = Logger(label: "test") { _ in LineLog(format: .text, messages: messages) }
        logger.logLevel = .warning
        logger.info("unseen")
        logger.error("seen")
        #expect(try captured.text() == "error: seen\n")
    }
}
