// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// A store as the product uses it: retried, counted, throttled.
///
/// In this order, outside in: each attempt of a retry is counted, and waits for admission again; its pause holds no place.
///
/// - Parameters:
///   - gate: shared by all stores of one server, since it is the server that is overrun.
///   - counters: where to count; stores may share it.
package func productionStack(
    _ store: any ObjectStore, gate: RequestGate = RequestGate(), counters: StoreCounters = StoreCounters(),
    retries: RetryLoop = RetryLoop(), logger: Logger = Logger(label: "holdfast.storage")
) -> any ObjectStore {
    let throttled = ThrottledObjectStore(store, gate: gate)
    let observed = ObservedObjectStore(throttled, counters: counters, logger: logger)
    return RetryingObjectStore(observed, retries: retries)
}
