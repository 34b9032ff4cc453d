// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// How far a verification looks.
package enum VerifyDepth: String, CaseIterable, Codable, Sendable, Comparable {
    /// Footer, index, metadata and catalog are there, whole, and agree with one another and with the file's length.
    case structure
    /// And every frame was read whole and has its codec's checksum: every byte of the archive is what was written.
    case frames
    /// And every object was then read out of the frames and has the SHA-256 that it was backed up with.
    case contents

    package static func < (left: VerifyDepth, right: VerifyDepth) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .structure: 0
        case .frames: 1
        case .contents: 2
        }
    }
}

/// What a verification found in one copy of one backup.
package struct CopyVerification: Codable, Sendable {
    package var copy: String
    /// What was looked at in fact: an archive without an index is read from end to end, which is `frames`.
    package var depth: VerifyDepth
    /// Uncompressed bytes that were read: of frames, and at depth `contents` those of the objects once more.
    package var bytesRead: Int64 = 0
    /// 0 for an archive without an index, whose frames nothing tells apart.
    package var framesRead = 0
    package var objectsRead = 0
    /// Objects that no checksum was kept of, so that reading them proves only that they can be read.
    package var objectsWithoutChecksum = 0
    /// What is wrong; the first 100.
    package var problems: [String] = []
    package var problemCount = 0

    package var isSound: Bool { problemCount == 0 }

    mutating func add(_ problem: String) {
        problemCount += 1
        if problems.count < 100 { problems.append(problem) }
    }
}

/// What a verification found in every copy of one backup.
package struct VerifyReport: Codable, Sendable {
    package var name: String
    package var file: String
    package var started: Date
    package var seconds: Double = 0
    package var copies: [CopyVerification] = []
    /// Copies of the vault that lack the archive or could not be asked.
    package var missing: [CopyProblem] = []

    package var isSound: Bool { missing.isEmpty && !copies.isEmpty && copies.allSatisfy(\.isSound) }
}
