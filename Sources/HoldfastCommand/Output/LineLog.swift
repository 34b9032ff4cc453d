// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Logging

/// Log lines on standard error, for people or as one JSON object a line.
struct LineLog: LogHandler {
    let format: LogFormat
    let messages: MessageOutput
    var now: @Sendable () -> Date = { Date() }
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    init(format: LogFormat, messages: MessageOutput) {
        self.format = format
        self.messages = messages
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        messages.write(line(for: event))
    }

    /// The line, without its end.
    func line(for event: LogEvent) -> String {
        var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        if let error = event.error { fields["error"] = "\(error)" }
        switch format {
        case .text:
            let details = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted($0.value))" }.joined()
            return "\(event.level): \(event.message)\(details)"
        case .json:
            let entry = Entry(
                timestamp: TimeText.iso(now()), level: event.level.rawValue.uppercased(), message: "\(event.message)",
                fields: fields)
            return JSONText.line(entry)
                ?? "{\"service\":\"holdfast\",\"level\":\"ERROR\",\"message\":\"unprintable log entry\"}"
        }
    }

    private struct Entry: Encodable {
        let timestamp: String
        let service = "holdfast"
        let level: String
        let message: String
        let fields: [String: String]

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        /// The fields stand beside the message; they cannot replace it.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            for (name, value) in fields { try container.encode(value, forKey: Key(stringValue: name)) }
            try container.encode(timestamp, forKey: Key(stringValue: "timestamp"))
            try container.encode(service, forKey: Key(stringValue: "service"))
            try container.encode(level, forKey: Key(stringValue: "level"))
            try container.encode(message, forKey: Key(stringValue: "message"))
        }
    }

    private static func quoted(_ value: String) -> String {
        value.contains(where: \.isWhitespace) || value.isEmpty ? "\"\(value)\"" : value
    }
}
