// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import SystemPackage

/// Finds `holdfast.yaml`.
struct ConfigurationSearch {
    let surroundings: Surroundings

    /// The file and what should be known about it.
    ///
    /// - Parameter flag: `--config`.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when a file that was named is missing, or any is malformed.
    func find(flag: String?) throws -> (file: ConfigurationFile?, warnings: [String]) {
        if let named = Setting(flag: flag, "--config") ?? surroundings.setting("HOLDFAST_CONFIG") {
            let path = surroundings.path(named.value)
            guard let found = try surroundings.readFile(path) else {
                throw HoldfastError(
                    .invalidConfiguration, "There is no file \(path), which \(named.origin) names.",
                    hint: "Correct the name, or leave it out to use the usual places.")
            }
            let file = try ConfigurationFile(found, at: path)
            return (file, file.warnings)
        }
        var warnings: [String] = []
        if let found = try surroundings.readFile("holdfast.yaml") {
            if isTrusted(found) {
                let file = try ConfigurationFile(found, at: "holdfast.yaml")
                return (file, file.warnings)
            }
            // Otherwise whoever can write to a directory decides where a backup that is run there goes.
            warnings.append(
                "The holdfast.yaml of this directory is not used: others may write to it. "
                    + "Name it with --config to use it all the same.")
        }
        for path in usualPlaces {
            guard let found = try surroundings.readFile(path) else { continue }
            let file = try ConfigurationFile(found, at: path)
            return (file, warnings + file.warnings)
        }
        return (nil, warnings)
    }

    private func isTrusted(_ file: FoundFile) -> Bool {
        (file.owner == surroundings.userID || file.owner == 0) && file.mode & 0o022 == 0
    }

    private var usualPlaces: [FilePath] {
        let own =
            surroundings["XDG_CONFIG_HOME"].map { FilePath($0) } ?? surroundings.home?.appending(".config")
        return [own?.appending("holdfast/holdfast.yaml"), "/etc/holdfast/holdfast.yaml"].compactMap { $0 }
    }
}
