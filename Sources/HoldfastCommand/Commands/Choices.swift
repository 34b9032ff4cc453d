// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import ArgumentParser
import Foundation
import Holdfast

// The engine's choices by the words that they have there.
extension ArchiveCodec: ExpressibleByArgument {}
extension CompressionLevel: ExpressibleByArgument {}
extension MetadataSweep: ExpressibleByArgument {}
extension LockPolicy: ExpressibleByArgument {}
extension OverwritePolicy: ExpressibleByArgument {}
extension VerifyDepth: ExpressibleByArgument {}

/// A bucket as it is named on the command line: `photos` or `s3://photos`.
struct BucketArgument: Sendable {
    let name: String

    /// - Throws: `ValidationError`, which says why it is none.
    static func parse(_ argument: String) throws -> BucketArgument {
        if let bucket = BucketArgument(argument: argument) { return bucket }
        throw ValidationError("name a bucket alone, photos or s3://photos, without a prefix behind it")
    }

    init?(argument: String) {
        var text = argument[...]
        if text.hasPrefix("s3://") {
            text = text.dropFirst(5)
            if text.last == "/" { text = text.dropLast() }
        }
        // A prefix would be left out silently, and the whole bucket be meant.
        guard !text.isEmpty, !text.contains("/") else { return nil }
        name = String(text)
    }
}

/// A moment as it is named on the command line: `2026-11-23T08:00:00Z`, or with an offset for the `Z`.
struct MomentArgument: Sendable {
    let date: Date

    /// - Throws: `ValidationError`, which says why it is none.
    static func parse(_ argument: String) throws -> MomentArgument {
        guard let date = try? Date(argument, strategy: .iso8601) else {
            throw ValidationError("name a moment with its zone, as in 2026-11-23T08:00:00Z")
        }
        return MomentArgument(date: date)
    }
}
