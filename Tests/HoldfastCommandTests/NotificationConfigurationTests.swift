// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Who is told of alerts")
struct NotificationConfigurationTests {
    private func resolve(_ yaml: String, _ environment: [String: String] = [:]) throws -> ResolvedConfiguration {
        var places = Places.minio
        places.environment.merge(environment) { $1 }
        places.files = ["/etc/holdfast/holdfast.yaml": yaml, "/etc/holdfast/hook.secret": "s3cret\n"]
        return try ResolvedConfiguration(
            try ConnectionOptions.parse([]), places.surroundings, needsSource: false, plans: true)
    }

    @Test("Everything that notifications can say")
    func everything() throws {
        let resolved = try resolve(
            """
            notifications:
              - webhook: https://example.org/hook
                secret_file: hook.secret
              - slack: https://hooks.slack.com/services/T0/B0/hunter2
              - command: [/usr/local/bin/page, --urgent]
              - command: /usr/local/bin/page
            """,
            ["ALERT_SLACK_ENABLED": "true", "ALERT_SLACK_WEBHOOK_URL": "https://slack.example.org/x"])
        #expect(
            resolved.notifications.map(\.label) == [
                "webhook at example.org", "Slack at hooks.slack.com", "command /usr/local/bin/page",
                "command /usr/local/bin/page", "Slack at slack.example.org",
            ])
        #expect(try resolve("plans: {}", ["ALERT_SLACK_ENABLED": "false"]).notifications.isEmpty)
    }

    @Test("E-mail that is switched on and cannot be sent is said, and not passed over")
    func mail() throws {
        let warnings = try resolve("plans: {}", ["ALERT_EMAIL_ENABLED": "true"]).warnings
        #expect(warnings.contains { $0.contains("ALERT_EMAIL_ENABLED is set, and no e-mail is sent") })
    }

    @Test(
        "What makes no sense is refused, with its line and without its secret",
        arguments: [
            ("notifications: {}", "notifications must be a list"),
            ("notifications:\n  - {}", "line 2: each of notifications is either"),
            ("notifications:\n  - {slack: 'https://a/', command: [/b]}", "each of notifications is either"),
            ("notifications:\n  - {slack: 'https://a/', secret: hunter2}", "each of notifications is either"),
            ("notifications:\n  - {webhook: 'https://a/', secret: hunter2, secret_file: x}", "keep one"),
            ("notifications:\n  - webhook: hunter2", "line 2: The address of a webhook makes no sense"),
            ("notifications:\n  - slack: ftp://hunter2/", "line 2: The address of a webhook makes no sense"),
            ("notifications:\n  - command: [page]", "line 2: The command that is told of alerts is not named"),
            ("notifications:\n  - {webhook: 'https://a/', secret_file: nowhere}", "There is no file"),
            ("notifications:\n  - mail: x", "“mail” is no setting in notifications[1]"),
        ])
    func refused(text: String, says: String) throws {
        let error = try #require(throws: HoldfastError.self) { try resolve(text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(says), "\(error.message)")
        #expect(!error.description.contains("hunter2"))
    }

    @Test(arguments: [
        ["ALERT_SLACK_ENABLED": "true"], ["ALERT_SLACK_ENABLED": "maybe"],
        ["ALERT_SLACK_ENABLED": "1", "ALERT_SLACK_WEBHOOK_URL": "nonsense"], ["ALERT_EMAIL_ENABLED": "perhaps"],
    ])
    func environment(_ environment: [String: String]) throws {
        let error = try #require(throws: HoldfastError.self) { try resolve("plans: {}", environment) }
        #expect(error.code == .invalidConfiguration && error.message.hasPrefix("ALERT_"))
    }

    @Test("A secret in a file that everybody may read earns a warning")
    func warning() throws {
        for text in ["slack: 'https://a/b'", "{webhook: 'https://a/b', secret: s}"] {
            let file = FoundFile(text: "notifications:\n  - \(text)", mode: 0o644, owner: 0)
            #expect(try ConfigurationFile(file, at: "/h.yaml").warnings.count == 1)
        }
    }
}
