// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a repair found and did, or would do.
package struct RepairReport: Codable, Sendable {
    /// What was found in a copy.
    package enum Found: String, Codable, Sendable {
        case sound, missing, damaged
        /// The copy could not be asked, or not read: nothing is known of its bytes, and nothing was written to it.
        case unreadable
        /// Sealed, and nothing at hand tells whether its bytes are right.
        case unopened
    }

    /// What was done about it.
    package enum Outcome: String, Codable, Sendable {
        case untouched
        /// The archive was missing and is there now.
        case filled
        /// The archive was damaged and is whole now.
        case replaced
        /// The archive has an index and a catalog again.
        case rebuilt
        /// The archive has all that is left of it in any copy, which is not all.
        case improved
        /// It should have been done and could not be; the problem says why.
        case failed
    }

    package struct Copy: Codable, Sendable {
        package var copy: String
        package var found: Found
        package var outcome = Outcome.untouched
        /// What is wrong with it, or why nothing could be done.
        package var problem: String?
        /// Where its bytes came from: another copy, several of them, or itself; and other archives by their file names.
        package var source: String?
    }

    /// One archive file.
    package struct Archive: Codable, Sendable {
        package var file: String
        package var copies: [Copy] = []
        /// Why it is not as good as new.
        package var problem: String?
        /// Whether somebody else was at work on it, and it was left alone.
        package var isBusy = false

        package var isSound: Bool {
            problem == nil
                && copies.allSatisfy {
                    $0.found == .sound || [.filled, .replaced, .rebuilt].contains($0.outcome)
                }
        }
    }

    /// An object whose bytes are in no copy any more.
    package struct LostObject: Codable, Sendable {
        package var backup: String
        /// For people; bytes that are not printable are escaped.
        package var key: String
        package var version: String?
        /// The archive that should have its bytes.
        package var archive: String
    }

    package var dryRun: Bool
    package var started: Date
    package var seconds: Double = 0
    package var archives: [Archive] = []
    /// Backups that could not be looked into for what they lost, and why.
    package var unexamined: [CopyProblem] = []
    /// What cannot be saved; the first 1,000.
    package var lost: [LostObject] = []
    package var lostCount = 0

    mutating func lose(_ object: LostObject) {
        lostCount += 1
        if lost.count < 1000 { lost.append(object) }
    }
}
