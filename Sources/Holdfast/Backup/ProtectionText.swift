// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage

/// ACL, retention and legal hold of an object as JSON, for catalogs and archives (format, PAX records).
enum ProtectionText {
    private struct Retention: Codable {
        let mode: String
        /// ISO 8601, UTC, whole seconds.
        let until: Date
    }

    private struct LegalHold: Codable {
        let status: String
    }

    static func acl(_ acl: ObjectACL?) -> String? { acl.flatMap { text($0) } }

    static func retention(_ retention: ObjectRetention?) -> String? {
        retention.flatMap { text(Retention(mode: $0.mode.rawValue, until: $0.until)) }
    }

    static func legalHold(_ isOn: Bool) -> String? { isOn ? text(LegalHold(status: "ON")) : nil }

    static func acl(from text: String?) -> ObjectACL? { value(text) }

    static func retention(from text: String?) -> ObjectRetention? {
        guard let read: Retention = value(text), let mode = ObjectRetention.Mode(rawValue: read.mode) else {
            return nil
        }
        return ObjectRetention(mode: mode, until: read.until)
    }

    static func hasLegalHold(from text: String?) -> Bool {
        let read: LegalHold? = value(text)
        return read?.status == "ON"
    }

    private static func text(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func value<Value: Decodable>(_ text: String?) -> Value? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return text.flatMap { try? decoder.decode(Value.self, from: Data($0.utf8)) }
    }
}
