// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Metrics in Prometheus' text format, version 0.0.4.
struct MetricsText {
    private(set) var text = ""

    enum Kind: String {
        case counter, gauge, histogram
    }

    /// One value with its labels, in the order given.
    struct Sample {
        let labels: [(name: String, value: String)]
        let value: Double
        /// What stands behind the name: `_bucket`, `_sum`, `_count`.
        var suffix = ""

        init(_ value: Double, _ labels: (name: String, value: String)..., suffix: String = "") {
            self.labels = labels
            self.value = value
            self.suffix = suffix
        }
    }

    /// Adds a metric; one without values is left out, since nobody measured it.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            text += name + sample.suffix
            if !sample.labels.isEmpty {
                text +=
                    "{" + sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
            }
            text += " \(Self.number(sample.value))\n"
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value.rounded() == value && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
