// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Testing

/// When a source looks lost.
@Suite struct SourceLossTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    /// Backups a day apart, the last of them now; a negative number is a count that nobody knows.
    private func backups(_ counts: [Int]) -> [RetentionCandidate] {
        counts.enumerated().map { index, count in
            let time = Self.now.addingTimeInterval(Double(index - counts.count + 1) * 86_400)
            return RetentionCandidate(
                file: "b\(index)", name: "b\(index)", time: time, listedCount: count < 0 ? nil : count)
        }
    }

    @Test(arguments: [
        ([100, 0], "b0"), ([100, 49], "b0"), ([1, 0], "b0"), ([3, 1], "b0"), ([100, 40, 45, 40, 41], "b0"),
        ([10, 100, 30], "b1"), ([100, 70, 45, 30], "b1"), ([100, -1, 10], "b0"), ([100, 10, -1], "b0"),
        ([100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "b0"), ([Int.max, 1], "b0"), ([Int.max, 0], "b0"),
    ])
    func aFall(counts: [Int], before: String) throws {
        let loss = try #require(SourceLoss.find(in: backups(counts).shuffled(), now: Self.now))
        #expect(loss.before == before)
        #expect(loss.newestCount == counts.last { $0 >= 0 })
    }

    @Test(arguments: [
        [], [0], [5], [0, 0], [0, 5], [100, 50], [100, 99, 101], [100, 10, 100], [100, 0, 51], [2, 1],
        [100, 95, 90, 85, 80, 75, 70, 65, 60, 55, 50, 48], [-1, -1, 0],
    ])
    func noFall(counts: [Int]) {
        #expect(SourceLoss.find(in: backups(counts), now: Self.now) == nil)
    }

    @Test func whatWasAcceptedIsNoLossUntilTheNextOne() {
        let list = backups([1000, 100, 100])
        let moment = list[2].time
        #expect(SourceLoss.find(in: list, now: Self.now, accepted: list[0].time) != nil)
        #expect(SourceLoss.find(in: list, now: Self.now, accepted: moment) == nil)
        var more = list
        more.append(
            RetentionCandidate(file: "c", name: "c", time: moment.addingTimeInterval(60), listedCount: 20))
        let loss = SourceLoss.find(in: more, now: Self.now.addingTimeInterval(60), accepted: moment)
        #expect(loss?.newest == "c")
        // A backup dated in the future does not hide what the newest one saw.
        more.append(
            RetentionCandidate(file: "d", name: "d", time: moment.addingTimeInterval(9000), listedCount: 1000))
        #expect(SourceLoss.find(in: more, now: Self.now.addingTimeInterval(60), accepted: moment) == loss)
    }
}
