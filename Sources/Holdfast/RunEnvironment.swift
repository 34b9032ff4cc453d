// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// What every run is given beside its subject: time, logger, a place for working files, who watches, and the keys.
package struct RunEnvironment: Sendable {
    package let services: SystemServices
    package let logger: Logger
    package let state: StateDirectory
    package let progress: ProgressMeter
    /// What opens sealed archives.
    package let keys: Keyring

    package init(
        services: SystemServices, logger: Logger, state: StateDirectory, progress: ProgressMeter,
        keys: Keyring = Keyring()
    ) {
        self.services = services
        self.logger = logger
        self.state = state
        self.progress = progress
        self.keys = keys
    }
}

/// The version of this program, in reports, archives and the user agent.
package enum HoldfastVersion {
    package static let current = "0.1.0"
}
