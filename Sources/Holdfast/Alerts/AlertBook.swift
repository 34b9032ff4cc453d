// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What somebody is told of an alert.
package struct AlertNotice: Codable, Equatable, Sendable {
    package enum Event: String, Codable, Sendable {
        case raised, repeated, resolved
        /// Nothing is wrong: somebody tries whether notices arrive.
        case test
    }

    package var event: Event
    package var alert: Alert

    package init(_ event: Event, _ alert: Alert) {
        self.event = event
        self.alert = alert
    }

    /// A notice that says that it is none.
    package static func test(at now: Date) -> AlertNotice {
        var alert = Alert(
            AlertFinding(.backupFailed, of: "test", named: "test", .warning, "This is a test: nothing is wrong."),
            at: now)
        (alert.id, alert.type) = ("test", "test")
        return AlertNotice(.test, alert)
    }

    /// For people, one line: `CRITICAL plan photos: No backup of photos: …`.
    package var words: String {
        let head =
            switch event {
            case .raised: alert.severity.rawValue.uppercased()
            case .repeated: "STILL \(alert.severity.rawValue.uppercased())"
            case .resolved: "RESOLVED"
            case .test: "TEST"
            }
        return "\(head) \(alert.serviceName): \(alert.message)"
    }
}

/// All alerts that are known, and what becomes of them: no I/O.
package struct AlertBook: Sendable {
    /// Seconds until an alert that goes on is told again.
    private static let repeatPeriod: TimeInterval = 900
    /// Resolved ones that are remembered, beside all active ones.
    private static let memory = 1000

    package private(set) var alerts: [String: Alert]

    package init(_ alerts: [Alert]) {
        self.alerts = Dictionary(alerts.map { ($0.id, $0) }) { $1 }
    }

    /// Takes what is wrong now: raises what is new, repeats what goes on, resolves what is over.
    ///
    /// - Returns: what is to be told, and to be kept before it is told.
    package mutating func take(_ findings: [AlertFinding], now: Date) -> [AlertNotice] {
        var notices: [AlertNotice] = []
        for finding in findings {
            guard var alert = alerts[finding.id], alert.status == .active else {
                let alert = Alert(finding, at: now)
                alerts[alert.id] = alert
                notices.append(AlertNotice(.raised, alert))
                continue
            }
            (alert.message, alert.severity) = (finding.message, finding.severity)
            // A clock that was set back must not make it silent.
            if abs(now.timeIntervalSince(alert.lastNotification)) >= Self.repeatPeriod {
                alert.lastNotification = now
                alert.escalationCount += 1
                notices.append(AlertNotice(.repeated, alert))
            }
            alerts[alert.id] = alert
        }
        let found = Set(findings.map(\.id))
        for var alert in alerts.values.sorted(by: { $0.id < $1.id }) where alert.status == .active {
            guard !found.contains(alert.id) else { continue }
            (alert.status, alert.resolved) = (.resolved, now)
            alerts[alert.id] = alert
            notices.append(AlertNotice(.resolved, alert))
        }
        forget()
        return notices
    }

    private mutating func forget() {
        let resolved = alerts.values.filter { $0.status == .resolved }.sorted { $0.triggered < $1.triggered }
        for alert in resolved.dropLast(Self.memory) { alerts[alert.id] = nil }
    }

    /// Newest first.
    package var all: [Alert] { alerts.values.sorted { ($0.triggered, $0.id) > ($1.triggered, $1.id) } }
}
