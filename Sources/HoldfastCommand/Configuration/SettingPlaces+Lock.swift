// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage

/// For how long archives in vault buckets are locked.
extension SettingPlaces {
    /// The lock of one bucket: what a flag or a variable says is for all of them. `nil` when nobody asks for one.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for what is no span or mode: archives that were to be locked
    ///   must not stay open for a slip of the pen.
    func lock(_ file: ConfigurationFile.Lock) throws -> ArchiveLock? {
        let span =
            Setting(flag: flags.vaultLock, "--vault-lock") ?? file.span
            ?? surroundings.settingOrNothing("HOLDFAST_VAULT_LOCK")
        let mode =
            Setting(flag: flags.vaultLockMode?.rawValue, "--vault-lock-mode") ?? file.mode
            ?? surroundings.setting("HOLDFAST_VAULT_LOCK_MODE")
        guard let span else {
            guard let mode else { return nil }
            throw HoldfastError(
                .invalidConfiguration, "\(mode.origin) says how archives are locked, and nobody says for how long.",
                hint: "Set HOLDFAST_VAULT_LOCK or vault.lock, 30d for instance.")
        }
        // Said to be nothing: that switches it off.
        guard !span.value.isEmpty else { return nil }
        guard let chosen = ObjectRetention.Mode(words: mode?.value ?? LockModeChoice.governance.rawValue) else {
            throw HoldfastError(
                .invalidConfiguration, "\(mode?.origin ?? ""): the mode of a lock is governance or compliance.")
        }
        do {
            return try ArchiveLock(span: span.value, mode: chosen)
        } catch let error as HoldfastError {
            throw HoldfastError(error.code, "\(span.origin): \(error.message)", hint: error.hint)
        }
    }

    /// Says so when a lock is asked for and no copy can have one.
    mutating func warnOfIdleLock(_ copies: [VaultCopyConfiguration]) throws {
        let hasBucket = copies.contains { if case .bucket = $0 { true } else { false } }
        guard !hasBucket, try lock(file?.vaultLock ?? ConfigurationFile.Lock()) != nil else { return }
        warnings.append("No archive is locked: the vault has no bucket, and a directory locks nothing.")
    }
}
