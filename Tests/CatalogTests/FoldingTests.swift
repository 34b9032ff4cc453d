// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Catalog

@Suite struct FoldingTests {
    @Test(
        arguments: [
            (live: 33, content: 100, isFolded: false), (32, 100, true), (0, 100, true), (100, 100, false),
            (0, 0, false),
            (0, 2, false), (0, 3, true), (1, nil, false),
        ] as [(live: Int64, content: Int64?, isFolded: Bool)])
    func anArchiveIsFoldedBelowAThird(live: Int64, content: Int64?, isFolded: Bool) {
        let folded = Folding.folded([ArchiveShare(name: "a", live: live, content: content)])
        #expect(folded == (isFolded ? ["a"] : []))
    }

    @Test func aChainStaysShort() {
        func chain(_ count: Int) -> [ArchiveShare] {
            (0..<count).map { ArchiveShare(name: "\($0)", live: Int64($0) * 10, content: Int64($0) * 10) }
        }
        #expect(Folding.folded(chain(100)) == [])
        // The 51 with the least in use, so that 50 are left.
        #expect(Folding.folded(chain(101)) == Set((0..<51).map(String.init)))
    }
}
