// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// What is backed up and when, by `holdfast.yaml`, or else by the variables of the older system.
extension SettingPlaces {
    private static let variables = (
        enabled: "MINIO_BACKUP_ENABLED", hours: "MINIO_BACKUP_INTERVAL_HOURS", buckets: "MINIO_BACKUP_BUCKETS"
    )

    /// - Parameter hasSource: whether there is a server to back up from. Without one, the variables' defaults mean nothing.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when a variable makes no sense: a service without backups must
    ///   not look like one with them.
    func plans(hasSource: Bool) throws -> [Plan] {
        if let plans = file?.plans { return plans }
        guard hasSource, try isEnabled() else { return [] }
        var plan = try Plan(
            Plan.environmentName, buckets: try buckets(), schedule: try interval(), namePrefix: Plan.environmentName)
        plan.isOfEnvironment = true
        return [plan]
    }

    private func isEnabled() throws -> Bool {
        guard let setting = surroundings.setting(Self.variables.enabled) else { return true }
        switch setting.value.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw Self.refuse(setting, "is neither true nor false")
        }
    }

    private func interval() throws -> PlanSchedule {
        guard let setting = surroundings.setting(Self.variables.hours) else { return try .every(seconds: 168 * 3600) }
        let isNumber = setting.value.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        guard isNumber, let hours = Double(setting.value), hours > 0 else {
            throw Self.refuse(setting, "is no number of hours above 0", hint: "Write hours, 168 or 0.5.")
        }
        do {
            return try .every(seconds: hours * 3600)
        } catch let error as HoldfastError {
            throw Self.refuse(setting, "makes no plan: \(error.message)", hint: error.hint)
        }
    }

    private func buckets() throws -> [String] {
        guard let setting = surroundings.settingOrNothing(Self.variables.buckets) else {
            return ["diagrams", "exports", "uploads"]
        }
        let words = setting.value.split(separator: ",").map { $0.drop(while: \.isWhitespace) }
        return try words.compactMap { word in
            let name = String(word.reversed().drop(while: \.isWhitespace).reversed())
            if name.isEmpty { return nil }
            guard let bucket = BucketArgument(argument: name) else { throw Self.refuse(setting, "names no buckets") }
            return bucket.name
        }
    }

    private static func refuse(_ setting: Setting<String>, _ what: String, hint: String? = nil) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "\(setting.origin) \(what).",
            hint: hint ?? "\(variables.enabled)=false switches these backups off.")
    }
}

extension Session {
    /// The plans of a configuration that was resolved with them, each with whom its backups are sealed to.
    func plans(_ resolved: ResolvedConfiguration) async throws -> [Plan] {
        guard !resolved.plans.isEmpty else { return [] }
        let recipients = try await recipients(resolved.planSealing)
        return resolved.plans.map { plan in
            var plan = plan
            plan.options.recipients = recipients
            return plan
        }
    }
}
