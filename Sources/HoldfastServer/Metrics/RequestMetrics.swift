// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the requests to this service were and how long they took, by route and not by path: names of backups would make
/// a series each.
final class RequestMetrics: Sendable {
    private struct Series: Hashable {
        let method: String
        let route: String
    }

    private struct State {
        var statuses: [Series: [Int: Int]] = [:]
        var buckets: [Series: [Int]] = [:]
        var seconds: [Series: Double] = [:]
        var active = 0
    }

    /// Upper bounds in seconds; Prometheus' own defaults.
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    private let state = Mutex(State())

    func begin() { state.withLock { $0.active += 1 } }

    /// - Parameter route: the pattern; `nil` for a path that there is not.
    func end(method: String, route: String?, status: Int, seconds: Double) {
        let series = Series(
            method: Self.methods.contains(method) ? method : "other", route: route ?? "none")
        state.withLock { state in
            state.active -= 1
            state.statuses[series, default: [:]][status, default: 0] += 1
            var counts = state.buckets[series] ?? Array(repeating: 0, count: Self.bounds.count + 1)
            counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
            state.buckets[series] = counts
            state.seconds[series, default: 0] += seconds
        }
    }

    func write(to text: inout MetricsText) {
        let state = state.withLock { $0 }
        let series = state.statuses.keys.sorted { ($0.route, $0.method) < ($1.route, $1.method) }
        text.add(
            "api_gateway_requests_total", .counter, "Requests to this service.",
            series.flatMap { one in
                (state.statuses[one] ?? [:]).sorted { $0.key < $1.key }.map {
                    .init(
                        Double($0.value), ("method", one.method), ("path", one.route), ("status_code", "\($0.key)"))
                }
            })
        text.add(
            "api_gateway_request_duration_seconds", .histogram, "How long they took.",
            series.flatMap { histogram(of: $0, state) })
        text.add(
            "api_gateway_active_connections", .gauge, "Requests that are being answered now.",
            [.init(Double(state.active))])
    }

    private func histogram(of one: Series, _ state: State) -> [MetricsText.Sample] {
        var total = 0
        var samples: [MetricsText.Sample] = []
        for (index, count) in (state.buckets[one] ?? []).enumerated() {
            total += count
            let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
            samples.append(
                .init(Double(total), ("method", one.method), ("path", one.route), ("le", bound), suffix: "_bucket"))
        }
        samples.append(
            .init(state.seconds[one] ?? 0, ("method", one.method), ("path", one.route), suffix: "_sum"))
        samples.append(.init(Double(total), ("method", one.method), ("path", one.route), suffix: "_count"))
        return samples
    }
}
