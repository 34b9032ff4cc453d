// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Holdfast

/// Where the state of the service is, for commands that need neither server nor vault.
struct StateOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Read settings from this file (HOLDFAST_CONFIG).", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Where the service keeps what it knows (HOLDFAST_STATE_DIRECTORY).", valueName: "directory"))
    var stateDirectory: String?
}

extension Session {
    /// Opens the state of the service, runs `body`, and closes it.
    func withState<Result>(_ place: StateOptions, _ body: (StateDatabase) async throws -> Result) async throws
        -> Result
    {
        var flags = try ConnectionOptions.parse([])
        flags.config = place.config
        flags.stateDirectory = place.stateDirectory
        let file = try ConfigurationSearch(surroundings: surroundings).find(flag: flags.config).file
        let places = SettingPlaces(flags: flags, file: file, surroundings: surroundings)
        return try await StateDirectory(try places.stateDirectory()).withDatabase(body)
    }
}
