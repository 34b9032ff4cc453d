// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// How far a verification looks.
package enum VerifyDepth: String, CaseIterable, Codable, Sendable, Comparable {
    /// Of a sealed archive, what can be looked at without an identity: its bytes are all there, and the same in every
    /// copy and as this host wrote them, if it did. An archive that is not sealed has no such depth.
    case seal
    /// Footer, index, metadata and catalog are there, whole, and agree with one another and with the file's length.
    case structure
    /// And every frame was read whole and has its codec's checksum: every byte of the archive is what was written.
    case frames
    /// And every object was then read out of the frames and has the SHA-256 that it was backed up with. Where another
    /// backup shares chunks with it that the same command has read, each of its chunks was read and has its SHA-256.
    case contents

    package static func < (left: VerifyDepth, right: VerifyDepth) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .seal: -1
        case .structure: 0
        case .frames: 1
        case .contents: 2
        }
    }
}

/// What a verification found in one copy of one backup.
package struct CopyVerification: Codable, Sendable {
    package var copy: String
    /// Bytes of the archive.
    package var archiveBytes: Int64 = 0
    /// What was looked at in fact: an archive without an index is read from end to end, which is `frames`.
    package var depth: VerifyDepth
    /// Sealed bytes that were read when nothing else was; else uncompressed bytes that were read: of frames, and at depth `contents` those of the objects once more.
    package var bytesRead: Int64 = 0
    /// 0 for an archive without an index, whose frames nothing tells apart.
    package var framesRead = 0
    package var objectsRead = 0
    /// Objects that lie in earlier archives, where the same verification had read and compared them for another copy or
    /// backup already.
    package var objectsReadBefore = 0
    /// Of those that were read, objects of which some chunks had been read and compared before, in an earlier archive.
    /// The others were compared each by itself: the SHA-256 of the whole follows from the list of chunks, and was not
    /// computed.
    package var objectsReadInPart = 0
    /// Of how many objects those were drawn at random, and the bytes of all; `nil` when nothing was drawn.
    package var objectsInBackup: Int?
    package var bytesInBackup: Int64?
    /// Objects that no checksum was kept of, so that reading them proves only that they can be read.
    package var objectsWithoutChecksum = 0
    /// Why nothing within the seal was looked at, when something should have been: there is no key at hand.
    package var unopened: String?
    /// SHA-256 (hex) of a sealed archive behind its header, if all of it was read: the same in every copy, whoever may
    /// open it.
    package var sealedSHA256: String?
    /// Whether that was compared with what this host wrote, or with another copy.
    package var isSealCompared = false
    /// What is wrong; the first 100.
    package var problems: [String] = []
    package var problemCount = 0
    /// What is known to have been proven of this copy, this verification included.
    package var proofs: CopyProofs?
    /// Until when nobody can remove it, where this copy locks archives.
    package var retention: CopyRetention?

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
    /// Which part of the contents was read; `nil` when the depth says it.
    package var sample: VerifySample?
    package var copies: [CopyVerification] = []
    /// Copies of the vault that lack the archive or could not be asked.
    package var missing: [CopyProblem] = []

    /// Whether a seal kept something from being looked at.
    package var isUnopened: Bool { copies.contains { $0.unopened != nil } }

    package var isSound: Bool { missing.isEmpty && !copies.isEmpty && copies.allSatisfy(\.isSound) }
}
