// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast

/// Values as JSON for programs: keys in `snake_case` and sorted, times ISO 8601 in UTC.
enum JSONText {
    /// A whole report, indented.
    static func document(_ value: some Encodable) throws -> String {
        let encoder = ReportJSON.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// One value on one line; `nil` when it cannot be written as JSON (a number that is none).
    static func line(_ value: some Encodable) -> String? {
        (try? ReportJSON.encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A report with facts that its type computes: programs should not have to.
struct ReportDocument<Report: Encodable>: Encodable {
    let report: Report
    let facts: [String: Bool]

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        for (name, value) in facts { try container.encode(value, forKey: Key(stringValue: name)) }
    }
}

/// One JSON document with a list that is too long to hold: written element by element.
struct JSONListDocument: Sendable {
    private var page: OutputPage
    private var isEmpty = true

    /// Begins the document: the fields of `head` and then the list called `name`.
    init(_ output: StandardOutput, head: [String: any Encodable] = [:], list name: String) async throws {
        page = output.page()
        let fields = head.sorted { $0.key < $1.key }.map {
            "\(Self.quoted($0.key)): \(JSONText.line($0.value) ?? "null"),"
        }
        try await page.add((["{"] + fields + ["\(Self.quoted(name)): ["]).joined(separator: " "))
    }

    mutating func add(_ element: some Encodable) async throws {
        try await page.add(line(element))
    }

    /// As `add`, where the caller cannot wait but on its thread.
    mutating func addBlocking(_ element: some Encodable) throws {
        try page.addBlocking(line(element))
    }

    private mutating func line(_ element: some Encodable) -> String {
        defer { isEmpty = false }
        return (isEmpty ? "  " : ", ") + (JSONText.line(element) ?? "null")
    }

    /// Ends the list and the document, with numbers that are known only now.
    mutating func finish(_ numbers: [String: Int] = [:]) async throws {
        let fields = numbers.sorted { $0.key < $1.key }.map { ", \(Self.quoted($0.key)): \($0.value)" }
        try await page.add("]\(fields.joined())}")
        try await page.flush()
    }

    private static func quoted(_ text: String) -> String { JSONText.line(text) ?? "\"\"" }
}
