// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A parser broke a promise: what a fuzzer looks for beside crashes.
struct Contradiction: Error, CustomStringConvertible {
    let description: String
}

/// Throws unless a promise was kept.
func demand(_ isKept: Bool, _ promise: @autoclosure () -> String) throws(Contradiction) {
    guard isKept else { throw Contradiction(description: promise()) }
}

/// What `body` gives; `nil` when it refuses the bytes in the way it documents. Any other error passes through, for
/// nobody was told of it.
func accepted<Value, Refusal: Error>(
    unless _: Refusal.Type, _ body: () async throws -> Value
) async throws -> Value? {
    do {
        return try await body()
    } catch is Refusal {
        return nil
    }
}
