// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What may have been shown of an archive in one copy, the weakest first.
package enum ProofStage: String, Codable, CaseIterable, Comparable, Sendable {
    /// The copy took it and called it durable.
    case written
    /// Every byte was read, and is what a checksum says.
    case checksummed
    /// Every object was then read, and has the SHA-256 that it was backed up with.
    case readBack = "read_back"
    /// Every object was written into a bucket, and nothing was left out.
    case restored

    package static func < (left: ProofStage, right: ProofStage) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .written: 0
        case .checksummed: 1
        case .readBack: 2
        case .restored: 3
        }
    }
}

/// What this host has seen of an archive in one copy, and when. History: no verification looks at it.
///
/// It belongs to one file: with another length or another time of change, it says nothing.
package struct CopyProofs: Codable, Equatable, Sendable {
    package let copy: String
    /// Bytes of the file.
    package let archiveBytes: Int64
    /// When the file was last changed as the copy tells it: milliseconds since 1970, UTC.
    package let modified: Int64
    /// SHA-256 of the file, hex, where it was known when it was written.
    package var sha256: String?
    package var written: Date?
    package var checksummed: Date?
    package var readBack: Date?
    package var restored: Date?
    /// When it was last found not to be sound, unless it was found sound since.
    package var unsound: Date?
    /// How far was looked then: only who looks as far can find that all is well again.
    package var unsoundDepth: VerifyDepth?

    init(_ copy: (label: String, size: Int64, modified: Date)) {
        self.copy = copy.label
        archiveBytes = copy.size
        modified = TimeText.milliseconds(copy.modified)
    }

    /// Whether nothing is known.
    var isEmpty: Bool { unsound == nil && ProofStage.allCases.allSatisfy { self[$0] == nil } }

    func fits(_ other: CopyProofs) -> Bool {
        copy == other.copy && archiveBytes == other.archiveBytes && modified == other.modified
    }

    /// When a stage was last reached; `nil` when it was not, or on another host.
    package subscript(_ stage: ProofStage) -> Date? {
        get {
            switch stage {
            case .written: written
            case .checksummed: checksummed
            case .readBack: readBack
            case .restored: restored
            }
        }
        set {
            switch stage {
            case .written: written = newValue
            case .checksummed: checksummed = newValue
            case .readBack: readBack = newValue
            case .restored: restored = newValue
            }
        }
    }

    /// The furthest stage reached; `nil` when none was, or something is wrong with it.
    package var strongest: ProofStage? {
        unsound == nil ? ProofStage.allCases.last { self[$0] != nil } : nil
    }

    /// Notes a verification that found nothing wrong.
    mutating func note(_ stages: [ProofStage], soundTo depth: VerifyDepth, at date: Date) {
        if let found = unsoundDepth, depth >= found { (unsound, unsoundDepth) = (nil, nil) }
        guard unsound == nil else { return }
        for stage in stages { self[stage] = date }
    }

    /// Notes that it is not sound: that it was once says nothing any more.
    mutating func noteUnsound(_ depth: VerifyDepth, at date: Date) {
        (unsound, unsoundDepth) = (date, max(depth, unsoundDepth ?? depth))
        (checksummed, readBack, restored) = (nil, nil, nil)
    }
}

extension VerifyDepth {
    /// What a verification that looks so far can show; for less than every byte, what would do as well.
    fileprivate var stage: ProofStage { self == .contents ? .readBack : .checksummed }
}

extension BackupSummary {
    /// When every copy that has the backup was last shown to be sound to `depth`; the earliest of these times.
    ///
    /// - Returns: `nil` when it is missing in a copy, something is wrong with it, or it was not shown of every copy.
    package func proven(to depth: VerifyDepth) -> Date? {
        guard problem == nil, missingCopies.isEmpty, proofs.count == copies.count else { return nil }
        var earliest: Date?
        for copy in proofs {
            guard copy.unsound == nil, let date = copy[depth.stage] else { return nil }
            earliest = min(earliest ?? date, date)
        }
        return earliest
    }
}
