// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
package import Foundation

/// Which plans are to be begun now, and when to look again.
package struct PlanClock: Equatable, Sendable {
    /// The names of plans, those first that have waited longest.
    package var begins: [String] = []
    /// When the next one is wanted; `nil` when none is before something else happens.
    package var next: Date?

    /// - Parameters:
    ///   - plans: when each that is not at work is wanted, by name.
    ///   - room: how many more may be begun.
    package init(_ plans: some Sequence<(name: String, wanted: Date)>, room: Int, now: Date) {
        var due: [(name: String, wanted: Date)] = []
        for plan in plans {
            if plan.wanted <= now {
                due.append(plan)
            } else if plan.wanted < next ?? .distantFuture {
                next = plan.wanted
            }
        }
        // With no room, the end of one that is at work is what is waited for.
        begins = due.sorted { ($0.wanted, $0.name) < ($1.wanted, $1.name) }.prefix(max(0, room)).map(\.name)
    }
}
