// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import ArgumentParser
import Holdfast

// The engine's choices by the words that they have there.
extension ArchiveCodec: ExpressibleByArgument {}
extension CompressionLevel: ExpressibleByArgument {}
extension OverwritePolicy: ExpressibleByArgument {}
extension VerifyDepth: ExpressibleByArgument {}

/// A bucket as it is named on the command line: `photos` or `s3://photos`.
struct BucketArgument: ExpressibleByArgument, Sendable {
    let name: String

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
