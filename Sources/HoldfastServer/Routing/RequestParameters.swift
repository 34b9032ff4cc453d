// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird

/// The parameters of a request: from the query, and those that are missing there from a JSON body.
struct RequestParameters: Sendable {
    /// A parameter that is missing or makes no sense, as FastAPI tells it.
    struct Invalid: Error, Encodable, Equatable {
        let type: String
        let loc: [String]
        let msg: String
        /// `nil` is written as null.
        let input: String?

        private enum Key: String, CodingKey {
            case type, loc, msg, input
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(type, forKey: .type)
            try container.encode(loc, forKey: .loc)
            try container.encode(msg, forKey: .msg)
            try container.encode(input, forKey: .input)
        }
    }

    private let query: [String: String]
    private let body: [String: JSONValue]

    /// - Parameter body: the request's whole body; what is no JSON object counts as none, as it always did.
    init(query: String?, body: Data) {
        self.query = Self.decode(query ?? "")
        self.body = JSONValue(body)?.members ?? [:]
    }

    /// A text; an empty one counts as not given.
    func text(_ name: String) throws(Invalid) -> String? {
        if let text = query[name] { return text.isEmpty ? nil : text }
        switch body[name] {
        case nil, .nothing: return nil
        case .text(let text): return text.isEmpty ? nil : text
        default:
            throw Invalid(type: "string_type", loc: ["body", name], msg: "Input should be a valid string", input: nil)
        }
    }

    /// A text that must be there.
    func required(_ name: String) throws(Invalid) -> String {
        guard let text = try text(name) else {
            throw Invalid(type: "missing", loc: ["query", name], msg: "Field required", input: nil)
        }
        return text
    }

    /// A yes or no in any of pydantic's words.
    func flag(_ name: String, default preset: Bool) throws(Invalid) -> Bool {
        let text: String
        let place: String
        if let given = query[name] {
            (text, place) = (given, "query")
        } else {
            switch body[name] {
            case nil, .nothing: return preset
            case .flag(let flag): return flag
            case .text(let given): (text, place) = (given, "body")
            default: (text, place) = ("", "body")
            }
        }
        switch text.lowercased() {
        case "true", "1", "yes", "on", "y", "t": return true
        case "false", "0", "no", "off", "n", "f": return false
        default:
            throw Invalid(
                type: "bool_parsing", loc: [place, name],
                msg: "Input should be a valid boolean, unable to interpret input", input: text)
        }
    }

    /// A form's fields, as browsers and HTTP libraries write them; of several with one name the last counts.
    private static func decode(_ query: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = PercentText.decode(parts[0], plusIsSpace: true)
            fields[name] = parts.count == 2 ? PercentText.decode(parts[1], plusIsSpace: true) : ""
        }
        return fields
    }
}

/// Percent-encoded text of a request's target.
enum PercentText {
    /// What it says; escapes that make no sense stay as they are, and bytes that are no UTF-8 become U+FFFD.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        var bytes: [UInt8] = []
        let encoded = Array(text.utf8)
        var index = 0
        while index < encoded.count {
            let byte = encoded[index]
            if byte == UInt8(ascii: "%"), index + 2 < encoded.count,
                let high = Character(UnicodeScalar(encoded[index + 1])).hexDigitValue,
                let low = Character(UnicodeScalar(encoded[index + 2])).hexDigitValue
            {
                bytes.append(UInt8(high * 16 + low))
                index += 3
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
