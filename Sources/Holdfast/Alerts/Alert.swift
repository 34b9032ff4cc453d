// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Something that somebody has to look at, from its beginning to its end. As JSON it has the fields of the older system,
/// which others read.
package struct Alert: Codable, Equatable, Sendable {
    package enum Severity: String, Codable, Sendable {
        case warning, critical
    }

    package enum Status: String, Codable, Sendable {
        case active, resolved
    }

    /// The same each time that the same thing goes wrong: `<type>_<service id>`.
    package var id: String
    /// One word for programs: `backup_failed`, `backup_late`.
    package var type: String
    /// What it is about: the name of a plan.
    package var serviceID: String
    /// The same for people.
    package var serviceName: String
    package var severity: Severity
    package var status: Status
    /// UTC.
    package var triggered: Date
    /// When somebody was last told of it, UTC.
    package var lastNotification: Date
    /// UTC; `nil` while it goes on.
    package var resolved: Date?
    /// How often it was told again.
    package var escalationCount: Int
    /// For how long it had gone on before it was raised, seconds.
    package var downSeconds: Int
    package var message: String

    package init(_ finding: AlertFinding, at now: Date) {
        id = finding.id
        type = finding.type.rawValue
        serviceID = finding.subject
        serviceName = finding.subjectName
        severity = finding.severity
        status = .active
        triggered = now
        lastNotification = now
        escalationCount = 0
        downSeconds = 0
        message = finding.message
    }

    private enum CodingKeys: String, CodingKey {
        case alertID, type, serviceID, serviceName, severity, status, triggeredAt, triggeredTimestamp, lastNotification
        case resolvedAt, resolvedTimestamp, escalationCount, downDurationSeconds, message

        // Spelt out: the name is the same with every strategy of an encoder.
        var stringValue: String {
            switch self {
            case .alertID: "alert_id"
            case .serviceID: "service_id"
            case .serviceName: "service_name"
            case .triggeredAt: "triggered_at"
            case .triggeredTimestamp: "triggered_timestamp"
            case .lastNotification: "last_notification"
            case .resolvedAt: "resolved_at"
            case .resolvedTimestamp: "resolved_timestamp"
            case .escalationCount: "escalation_count"
            case .downDurationSeconds: "down_duration_seconds"
            case .type, .severity, .status, .message: rawValue
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .alertID)
        try fields.encode(type, forKey: .type)
        try fields.encode(serviceID, forKey: .serviceID)
        try fields.encode(serviceName, forKey: .serviceName)
        try fields.encode(severity, forKey: .severity)
        try fields.encode(status, forKey: .status)
        try fields.encode(TimeText.iso(triggered), forKey: .triggeredAt)
        try fields.encode(triggered.timeIntervalSince1970, forKey: .triggeredTimestamp)
        try fields.encode(lastNotification.timeIntervalSince1970, forKey: .lastNotification)
        // There also when it is null.
        try fields.encode(resolved.map(TimeText.iso), forKey: .resolvedAt)
        try fields.encodeIfPresent(resolved?.timeIntervalSince1970, forKey: .resolvedTimestamp)
        try fields.encode(escalationCount, forKey: .escalationCount)
        try fields.encode(downSeconds, forKey: .downDurationSeconds)
        try fields.encode(message, forKey: .message)
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func date(_ key: CodingKeys) throws -> Date {
            Date(timeIntervalSince1970: try fields.decode(Double.self, forKey: key))
        }
        id = try fields.decode(String.self, forKey: .alertID)
        type = try fields.decode(String.self, forKey: .type)
        serviceID = try fields.decode(String.self, forKey: .serviceID)
        serviceName = try fields.decode(String.self, forKey: .serviceName)
        severity = try fields.decode(Severity.self, forKey: .severity)
        status = try fields.decode(Status.self, forKey: .status)
        triggered = try date(.triggeredTimestamp)
        lastNotification = try date(.lastNotification)
        resolved = try fields.contains(.resolvedTimestamp) ? date(.resolvedTimestamp) : nil
        escalationCount = try fields.decode(Int.self, forKey: .escalationCount)
        downSeconds = try fields.decode(Int.self, forKey: .downDurationSeconds)
        message = try fields.decode(String.self, forKey: .message)
    }
}

/// Something that is wrong now.
package struct AlertFinding: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case backupFailed = "backup_failed"
        case backupLate = "backup_late"
        case backupExceptions = "backup_exceptions"
        case verificationStale = "verification_stale"
    }

    package var type: Kind
    /// The name of a plan.
    package var subject: String
    package var subjectName: String
    package var severity: Alert.Severity
    package var message: String

    package init(_ type: Kind, of subject: String, named name: String, _ severity: Alert.Severity, _ message: String) {
        self.type = type
        self.subject = subject
        subjectName = name
        self.severity = severity
        // It goes through a pipe that must hold all of it.
        self.message = String(message.prefix(2000))
    }

    package var id: String { "\(type.rawValue)_\(subject)" }
}
