// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage

/// Who is told of alerts: all that `holdfast.yaml` names, and what the variables of the older system switch on.
extension SettingPlaces {
    private static let variables = (
        slackEnabled: "ALERT_SLACK_ENABLED", slackAddress: "ALERT_SLACK_WEBHOOK_URL", mailEnabled: "ALERT_EMAIL_ENABLED"
    )

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for one that nobody could be told by.
    mutating func notifications() throws -> [any NotificationChannel] {
        var channels: [any NotificationChannel] = []
        for notification in file?.notifications ?? [] { channels.append(try channel(notification)) }
        if try isOn(Self.variables.slackEnabled) {
            guard let address = surroundings.setting(Self.variables.slackAddress) else {
                throw HoldfastError(
                    .invalidConfiguration,
                    "\(Self.variables.slackEnabled) is set, and nobody says where Slack is told.",
                    hint: "Set \(Self.variables.slackAddress), or \(Self.variables.slackEnabled)=false.")
            }
            channels.append(try located(address.origin) { try WebhookChannel(Secret(address.value), form: .slack) })
        }
        if try isOn(Self.variables.mailEnabled) {
            warnings.append(
                "\(Self.variables.mailEnabled) is set, and no e-mail is sent: there is no such channel yet. "
                    + "Write notifications: with a command into holdfast.yaml.")
        }
        return channels
    }

    private func channel(_ notification: ConfigurationFile.Notification) throws -> any NotificationChannel {
        switch notification {
        case .webhook(let address, let secret, let file):
            let secret = try file.map { try surroundings.secret(in: $0, below: base) } ?? secret?.value
            return try located(address.origin) {
                try WebhookChannel(Secret(address.value), form: .json(secret: secret))
            }
        case .slack(let address):
            return try located(address.origin) { try WebhookChannel(Secret(address.value), form: .slack) }
        case .command(let words):
            return try located(words.first?.origin ?? "notifications") { try CommandChannel(words.map(\.value)) }
        }
    }

    private func located<Channel>(_ origin: String, _ make: () throws -> Channel) throws -> Channel {
        do {
            return try make()
        } catch let error as HoldfastError {
            throw HoldfastError(error.code, "\(origin): \(error.message)", hint: error.hint)
        }
    }

    /// Whether a variable is set to true; not when it is not set.
    private func isOn(_ name: String) throws -> Bool {
        guard let setting = surroundings.setting(name) else { return false }
        switch setting.value.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw HoldfastError(.invalidConfiguration, "\(name) is neither true nor false.")
        }
    }
}
