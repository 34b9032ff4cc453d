// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// How far an archive that is not whole yet is durable in one copy.
package struct SinkCheckpoint: Codable, Equatable, Sendable {
    /// A part of a multipart upload.
    package struct Part: Codable, Equatable, Sendable {
        package var number: Int
        package var etag: String
        /// Bytes.
        package var size: Int64
    }

    /// Bytes of the file that the copy holds.
    package var length: Int64
    /// The multipart upload; `nil` in a directory, and in a bucket as long as there is no part.
    package var upload: String?
    /// Ascending by number; together they are `length` bytes.
    package var parts: [Part] = []
    /// What follows in the file and is not in the copy: a bucket takes no parts below 5 MiB.
    package var tail = Data()

    /// Bytes of the file that can be gone on from.
    var end: Int64 { length + Int64(tail.count) }

    /// Whether a file of so many bytes can be gone on with from here: a journal is believed in nothing.
    func fits(_ fileLength: Int64) -> Bool {
        guard end == fileLength, length >= 0 else { return false }
        guard upload != nil else { return parts.isEmpty }
        let sizes = parts.reduce(Int64(0)) { $0.addingUpToMax(max(0, $1.size)) }
        return sizes == length && zip(parts, parts.dropFirst()).allSatisfy { $0.number < $1.number }
            && parts.allSatisfy { (1...10_000).contains($0.number) && $0.size > 0 }
    }
}
