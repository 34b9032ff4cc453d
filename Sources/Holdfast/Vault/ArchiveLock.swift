// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import ObjectStorage

/// How long the archives in a vault bucket cannot be removed, counted from the moment at which each is begun
/// (S3 Object Lock).
package struct ArchiveLock: Hashable, Sendable, CustomStringConvertible {
    package let mode: ObjectRetention.Mode
    private let seconds: TimeInterval
    /// The span as it was written.
    private let text: String

    private static let hour: TimeInterval = 3600
    private static let units: [Character: TimeInterval] = [
        "h": hour, "d": 24 * hour, "w": 7 * 24 * hour, "y": 365 * 24 * hour,
    ]
    /// A slip of the finger in compliance mode cannot be undone: no more than S3 allows as a bucket's default.
    private static let longest = 100 * 365 * 24 * hour

    /// Reads a span: `12h`, `30d`, `2w`, `1y` (365 days). No minutes or months, which are easily taken for each other.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when the text is none.
    package init(span text: String, mode: ObjectRetention.Mode) throws {
        guard let unit = text.last.flatMap({ Self.units[$0] }), let number = Int(text.dropLast()), number > 0,
            Double(number) * unit <= Self.longest
        else {
            throw HoldfastError(
                .invalidConfiguration, "“\(text.prefix(40))” is no time to lock archives for.",
                hint: "Write it like 12h, 30d, 2w or 1y, up to 100y.")
        }
        self.init(mode: mode, seconds: Double(number) * unit, text: text)
    }

    /// - Parameter seconds: how long.
    package init(mode: ObjectRetention.Mode, seconds: TimeInterval) {
        self.init(mode: mode, seconds: seconds, text: "\(Int(seconds)) s")
    }

    private init(mode: ObjectRetention.Mode, seconds: TimeInterval, text: String) {
        self.mode = mode
        self.seconds = seconds
        self.text = text
    }

    /// `30d, governance`.
    package var description: String { "\(text), \(mode.words)" }

    /// Of an archive that is written now. Whole seconds, which is all that a server keeps.
    func retention(from now: Date) -> ObjectRetention {
        let until = (now.timeIntervalSince1970 + seconds).rounded(.up)
        return ObjectRetention(mode: mode, until: Date(timeIntervalSince1970: until))
    }
}

extension ObjectRetention.Mode {
    /// As settings and reports write it.
    package var words: String { rawValue.lowercased() }

    /// Reads a setting; `nil` for what is no mode.
    package init?(words: String) { self.init(rawValue: words.uppercased()) }
}

extension ObjectRetention {
    /// What protects as well as both do.
    func joined(with other: ObjectRetention?) -> ObjectRetention {
        guard let other else { return self }
        let isCompliance = mode == .compliance || other.mode == .compliance
        return ObjectRetention(mode: isCompliance ? .compliance : .governance, until: max(until, other.until))
    }
}

/// What a bucket says of Object Lock (S3 API, ObjectLockConfiguration).
struct ObjectLockState: Sendable {
    let isEnabled: Bool
    /// What every new object gets that does not say otherwise, for people; `nil` where there is no such rule.
    let defaultRetention: String?

    /// - Parameter document: the server's; `nil` where there is none.
    init(document: [UInt8]?) {
        let text = String(decoding: document ?? [], as: UTF8.self)
        isEnabled = text.contains("<ObjectLockEnabled>Enabled</ObjectLockEnabled>")
        let number = { (name: String) -> Int? in
            guard let start = text.range(of: "<\(name)>"), let end = text.range(of: "</\(name)>"),
                start.upperBound <= end.lowerBound
            else { return nil }
            return Int(text[start.upperBound..<end.lowerBound])
        }
        let mode = [ObjectRetention.Mode.compliance, .governance].first { text.contains("<Mode>\($0.rawValue)</Mode>") }
        let span = number("Days").map { "\($0) days" } ?? number("Years").map { "\($0) years" }
        // Some servers send an empty rule where there is none.
        defaultRetention = mode.flatMap { mode in span.map { "\($0), \(mode.words)" } }
    }
}
