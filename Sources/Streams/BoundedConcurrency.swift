// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension AsyncSequence where Element: Sendable {
    /// Transforms up to `width` elements at once and hands the results on in the order of the elements.
    ///
    /// Memory is bounded: at most `width` results exist, started or waiting, and the sum of their `cost` stays within
    /// `budget` (one element may exceed it, alone). The first error cancels the rest and is thrown.
    ///
    /// - Parameters:
    ///   - width: results in being, at least 1.
    ///   - budget: the most `cost` in being.
    ///   - cost: what an element's result weighs, in bytes for instance.
    package func mapInOrder<Result: Sendable>(
        width: Int,
        budget: Int = .max,
        cost: (Element) -> Int = { _ in 0 },
        transform: @escaping @Sendable (Element) async throws -> Result,
        consume: (Result) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var iterator = makeAsyncIterator()
            var ahead: Element?
            var costs: [Int: Int] = [:]
            var ready: [Int: Result] = [:]
            var started = 0
            var consumed = 0
            var load = 0
            var exhausted = false

            while true {
                while !exhausted, started - consumed < width {
                    if ahead == nil { ahead = try await iterator.next(isolation: #isolation) }
                    guard let element = ahead else {
                        exhausted = true
                        break
                    }
                    let weight = cost(element)
                    guard started == consumed || load + weight <= budget else { break }
                    ahead = nil
                    load += weight
                    let index = started
                    costs[index] = weight
                    started += 1
                    group.addTask { (index, try await transform(element)) }
                }
                guard consumed < started else { return }
                while ready[consumed] == nil, let (index, result) = try await group.next(isolation: #isolation) {
                    ready[index] = result
                }
                if let result = ready.removeValue(forKey: consumed) {
                    try await consume(result)
                }
                load -= costs.removeValue(forKey: consumed) ?? 0
                consumed += 1
            }
        }
    }
}

extension Sequence where Element: Sendable {
    /// Runs `body` for every element, at most `width` at once. The first error cancels the rest and is thrown.
    package func forEachConcurrently(
        width: Int, _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for element in self {
                if running >= width {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await body(element) }
                running += 1
            }
            try await group.waitForAll()
        }
    }
}

extension AsyncSequence where Element: Sendable {
    /// Runs `body` for every element as it comes, at most `width` at once. The first error cancels the rest and is thrown.
    package func forEachConcurrently(
        width: Int, _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for try await element in self {
                if running >= width {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await body(element) }
                running += 1
            }
            try await group.waitForAll()
        }
    }
}
