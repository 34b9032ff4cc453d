// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// A length of time as it is written on the command line: `90m`, `12h`, `7d`, `2w`.
struct PeriodArgument: Equatable, Sendable {
    let seconds: TimeInterval

    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> PeriodArgument {
        let units: [Character: Int] = ["m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400]
        // A thousand years, so that nothing overflows and nobody misses more.
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Int(argument.dropLast()),
            number > 0, number <= 1000 * 366 * 86_400 / unit
        else { throw ValidationError("write a number and a unit: 90m, 12h, 7d or 2w") }
        return PeriodArgument(seconds: TimeInterval(number * unit))
    }
}

/// A share as it is written on the command line: `5%`, `0.5%`.
struct ShareArgument: Equatable, Sendable {
    /// Above 0 and at most 1.
    let share: Double

    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> ShareArgument {
        guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), percent > 0, percent <= 100 else {
            throw ValidationError("write a percentage above 0 and at most 100: 5% or 0.5%")
        }
        return ShareArgument(share: percent / 100)
    }
}
