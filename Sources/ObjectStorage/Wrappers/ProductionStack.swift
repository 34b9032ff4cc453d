// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// A store as the product uses it: retried, slowed to the limits, counted, throttled.
///
/// In this order, outside in: each attempt of a retry is counted, and waits for the limits and for admission again; neither
/// its pause nor the wait for the limits holds a place.
///
/// - Parameters:
///   - gate: shared by all stores of one server, since it is the server that is overrun.
///   - counters: where to count; stores may share it.
///   - bandwidth: shared by all stores of the process.
package func productionStack(
    _ store: any ObjectStore, gate: RequestGate = RequestGate(), counters: StoreCounters = StoreCounters(),
    bandwidth: Bandwidth = Bandwidth(), retries: RetryLoop = RetryLoop(),
    logger: Logger = Logger(label: "holdfast.storage")
) -> any ObjectStore {
    let throttled = ThrottledObjectStore(store, gate: gate)
    let observed = ObservedObjectStore(throttled, counters: counters, logger: logger)
    guard !bandwidth.isUnlimited else { return RetryingObjectStore(observed, retries: retries) }
    return RetryingObjectStore(RateLimitedObjectStore(observed, bandwidth: bandwidth), retries: retries)
}
