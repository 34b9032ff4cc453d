// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage

package import struct Foundation.Date

/// What kind of server an ``InMemoryStorageService`` plays.
package struct InMemoryOptions: Sendable {
    /// The order of listings.
    package enum Order: Sendable {
        /// By bytes, as at Amazon.
        case bytes
        /// By path segments, as a server that walks directories does: `a`, `a/b`, `a!b`.
        case directories
    }

    package var order = Order.bytes
    /// The most rows a page, whatever is asked for.
    package var pageLimit = 1000
    /// Without it bucket versioning cannot be set and version listings are `.notImplemented`.
    package var hasVersioning = true
    package var hasTagging = true
    package var hasConditionalWrites = true
    /// Whether a part can be made of an object's range on the server.
    package var hasPartCopies = true
    /// Bytes that every part but the last must have; 5 MiB at Amazon.
    package var minimumPartSize = 0
    /// Whether HEAD of part 1 tells its size.
    package var tellsPartSizes = true
    /// The time of the server.
    package var now: @Sendable () -> Date = { Date() }
    package var identity = ServerIdentity(product: "InMemory", region: "us-east-1", tellsTagCount: true)

    package init() {}

    /// With one property changed.
    package init(_ change: (inout InMemoryOptions) -> Void) {
        change(&self)
    }
}
