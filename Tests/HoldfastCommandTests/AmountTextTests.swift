// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HoldfastCommand

@Suite("Amounts as people read them")
struct AmountTextTests {
    @Test(
        "Bytes",
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (102_349, "100 KiB"),
            (1_048_524, "1.0 MiB"), (49_388_953, "47.1 MiB"), (1 << 30, "1.0 GiB"), (Int64.max, "8.0 EiB"),
        ] as [(Int64, String)])
    func bytes(_ number: Int64, _ expected: String) {
        #expect(AmountText.bytes(number) == expected)
    }

    @Test(
        "Counts", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_002_003, "1,002,003"), (-4500, "-4,500")])
    func counts(_ number: Int, _ expected: String) {
        #expect(AmountText.count(number) == expected)
    }

    @Test("One object, two objects")
    func plurals() {
        #expect(AmountText.count(1, "object") == "1 object")
        #expect(AmountText.count(2, "object") == "2 objects")
        #expect(AmountText.count(0, "thing is", "things are") == "0 things are")
    }

    @Test(
        "Times",
        arguments: [
            (0, "0.00 s"), (0.844, "0.84 s"), (9.994, "9.99 s"), (12.34, "12.3 s"), (59.99, "1 min 00 s"),
            (200, "3 min 20 s"), (3600, "1 h 00 min"), (7530, "2 h 05 min"), (-1, "?"), (.infinity, "?"), (.nan, "?"),
        ])
    func durations(_ seconds: Double, _ expected: String) {
        #expect(AmountText.duration(seconds) == expected)
    }

    @Test("Parts, rates and moments")
    func others() {
        #expect(AmountText.percent(3, of: 10) == "30 %")
        #expect(AmountText.percent(4, of: 1000) == "0.4 %")
        #expect(AmountText.percent(1, of: 0) == nil)
        #expect(AmountText.rate(1_572_864) == "1.5 MiB/s")
        #expect(AmountText.rate(.nan) == "?")
        #expect(AmountText.time(Date(timeIntervalSince1970: 1_795_407_906.75)) == "2026-11-23 04:25:06")
    }
}
