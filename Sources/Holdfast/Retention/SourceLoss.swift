// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A bucket that lists much less than it did: it may have been emptied, or another one be mounted in its place.
package struct SourceLoss: Codable, Equatable, Sendable {
    /// The last backup from before, by name, and the objects that the bucket listed then.
    package var before: String
    package var beforeCount: Int
    /// The newest backup and the objects that the bucket listed then.
    package var newest: String
    package var newestCount: Int

    package init(before: String, beforeCount: Int, newest: String, newestCount: Int) {
        self.before = before
        self.beforeCount = beforeCount
        self.newest = newest
        self.newestCount = newestCount
    }

    /// A loss may spread over so many backups in a row.
    private static let reach = 7

    /// Finds a fall to nothing, or to less than half, from which the bucket did not recover.
    ///
    /// - Parameters:
    ///   - candidates: the backups of one bucket; those dated in the future are left out.
    ///   - accepted: falls that this or an earlier backup saw are known and accepted.
    package static func find(in candidates: [RetentionCandidate], now: Date, accepted: Date? = nil) -> SourceLoss? {
        let counts = candidates.filter { $0.time <= now }.sorted { ($0.time, $0.file) < ($1.time, $1.file) }
            .compactMap { candidate in candidate.listedCount.map { (candidate: candidate, count: $0) } }
        guard let newest = counts.last else { return nil }
        // The most that was listed from each backup on.
        var highest = counts.map(\.count)
        for index in highest.indices.dropLast().reversed() { highest[index] = max(highest[index], highest[index + 1]) }
        for before in counts.indices.dropLast().reversed() {
            let (candidate, count) = counts[before]
            let fall = counts.indices[(before + 1)...].prefix(reach).first { after in
                isLoss(from: count, to: highest[after]) && counts[after].candidate.time > accepted ?? .distantPast
            }
            guard fall != nil else { continue }
            return SourceLoss(
                before: candidate.name, beforeCount: count, newest: newest.candidate.name, newestCount: newest.count)
        }
        return nil
    }

    /// - Parameter after: at most what the bucket listed from then on.
    private static func isLoss(from before: Int, to after: Int) -> Bool {
        // Written so that no number from outside overflows.
        before > 0 && after < before / 2 + before % 2
    }
}
