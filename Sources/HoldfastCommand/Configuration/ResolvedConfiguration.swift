// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage
import SystemPackage

/// The configuration of one command, put together from the flags, `holdfast.yaml` and the environment.
struct ResolvedConfiguration: Sendable {
    var configuration: HoldfastConfiguration
    /// The server to restore to when that is not the source.
    let target: StorageConfiguration?
    /// How backups are to be sealed, by those of the settings that a backup asks for.
    let sealing: SealingChoice
    /// What `holdfast.yaml` says is kept of each bucket.
    let retention: RetentionPolicies
    /// What is backed up and when; empty unless it was asked for.
    private(set) var plans: [Plan] = []
    /// How backups of plans are sealed: as the file or the environment says.
    private(set) var planSealing = SealingChoice.unsealed
    /// Who is told of alerts; nobody unless the plans were asked for.
    private(set) var notifications: [any NotificationChannel] = []
    /// What the operator should know, each a sentence.
    let warnings: [String]

    /// Puts the configuration together. For each value the first place that names it counts: flags, `holdfast.yaml`,
    /// `HOLDFAST_` and `MINIO_` variables, `AWS_` variables, the AWS profile.
    ///
    /// - Parameter needsSource: whether the command asks the source for anything. If not, and no source is configured,
    ///   the vault bucket that would lie there is left out, so that a vault in a directory can be read on its own.
    /// - Parameter needsPlans: whether the command has to do with plans, and with who is told of them.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration`, naming the place of what is wrong.
    init(
        _ flags: ConnectionOptions, _ surroundings: Surroundings, needsSource: Bool,
        target options: TargetOptions? = nil, sealing: SealingOptions? = nil, identities: IdentityOptions? = nil,
        plans needsPlans: Bool = false
    ) throws {
        let (file, found) = try ConfigurationSearch(surroundings: surroundings).find(flag: flags.config)
        var places = SettingPlaces(flags: flags, file: file, surroundings: surroundings)
        var source = try places.source()
        if let endpoint = source?.endpoint { source?.customerKeys = try places.customerKeys(for: endpoint) }
        guard source != nil || !needsSource else { throw places.noSource() }
        let vault = try places.vault(source: source)
        var target = try options.flatMap { try places.target($0, source: source) }
        if let endpoint = target?.endpoint { target?.customerKeys = try places.customerKeys(for: endpoint) }
        self.target = target
        retention = file?.retention ?? RetentionPolicies()
        if needsPlans {
            plans = try places.plans(hasSource: source != nil)
            notifications = try places.notifications()
            planSealing = try places.sealing(try SealingOptions.parse([]))
        }
        self.sealing = try sealing.map { try places.sealing($0) } ?? .unsealed
        var configuration = HoldfastConfiguration(
            source: source, vault: vault, stateDirectory: try places.stateDirectory())
        configuration.bandwidth = try places.bandwidth()
        configuration.requestRate = try places.requestRate()
        if let identities { configuration.keys = try places.keyring(identities) }
        self.configuration = configuration
        warnings = found + places.warnings
    }
}

/// The places where settings are looked for, and what was noticed while looking.
struct SettingPlaces {
    let flags: ConnectionOptions
    let file: ConfigurationFile?
    let surroundings: Surroundings
    var warnings: [String] = []

    /// Where what is written in the file with a relative path begins: beside the file, wherever the command is run.
    var base: FilePath? { file?.path.removingLastComponent() }

    /// `--state-directory`, `state_directory`, `HOLDFAST_STATE_DIRECTORY`, or the usual place.
    func stateDirectory() throws -> FilePath {
        if let flag = flags.stateDirectory, !flag.isEmpty { return surroundings.path(flag) }
        if let setting = file?.stateDirectory { return surroundings.path(setting.value, below: base) }
        if let named = surroundings["HOLDFAST_STATE_DIRECTORY"] { return surroundings.path(named) }
        return try usualDirectory()
    }

    /// `/var/lib/holdfast` for root, else below the user's own state directory (XDG base directory specification).
    func usualDirectory() throws -> FilePath {
        if surroundings.userID == 0 { return "/var/lib/holdfast" }
        if let state = surroundings["XDG_STATE_HOME"] { return FilePath(state).appending("holdfast") }
        guard let home = surroundings.home else {
            throw HoldfastError(
                .invalidConfiguration, "There is no home directory (HOME is not set) to keep anything in.",
                hint: "Set HOLDFAST_STATE_DIRECTORY and HOLDFAST_VAULT_DIRECTORY.")
        }
        return home.appending(".local/state/holdfast")
    }
}
