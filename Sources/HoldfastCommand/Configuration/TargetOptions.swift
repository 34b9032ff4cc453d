// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage

/// Where a restore goes when not to the source.
struct TargetOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Restore to this server instead of the source.", valueName: "url"))
    var toEndpoint: String?

    @Option(
        help: ArgumentHelp(
            "The access key there (HOLDFAST_TARGET_ACCESS_KEY); the source's if left out.", valueName: "key"))
    var toAccessKey: String?

    @Option(
        help: ArgumentHelp(
            "A file that holds the secret key there (HOLDFAST_TARGET_SECRET_KEY holds the key).", valueName: "file"))
    var toSecretKeyFile: String?
}

extension SettingPlaces {
    /// The server to restore to; `nil` for the source.
    func target(_ options: TargetOptions, source: StorageConfiguration?) throws -> StorageConfiguration? {
        guard let endpoint = Setting(flag: options.toEndpoint, "--to-endpoint") else {
            guard options.toAccessKey == nil, options.toSecretKeyFile == nil else {
                throw HoldfastError(
                    .invalidConfiguration, "Keys for a target are given, and no target.",
                    hint: "Name it with --to-endpoint.")
            }
            return nil
        }
        let accessKey =
            Setting(flag: options.toAccessKey, "--to-access-key") ?? surroundings.setting("HOLDFAST_TARGET_ACCESS_KEY")
        let secretKey =
            try options.toSecretKeyFile.map { try surroundings.secret(in: Setting($0, from: "--to-secret-key-file")) }
            ?? surroundings["HOLDFAST_TARGET_SECRET_KEY"].map(Secret.init)
        let credentials: S3Credentials
        switch (accessKey, secretKey) {
        case (let accessKey?, let secretKey?):
            credentials = S3Credentials(accessKey: accessKey.value, secretKey: secretKey)
        case (nil, nil):
            guard let source else { throw Self.noTargetKeys("There are no keys for \(endpoint.value).") }
            credentials = source.credentials
        default: throw Self.noTargetKeys("Of the access key and the secret key for \(endpoint.value) one is missing.")
        }
        return StorageConfiguration(
            endpoint: try endpoint.endpoint(try addressing(flags.addressing, file?.source.addressing)),
            credentials: credentials, region: flags.region ?? source?.region ?? Self.usualRegion,
            certificateAuthority: source?.certificateAuthority ?? flags.caFile.map { surroundings.path($0) },
            origin: "--to-endpoint")
    }

    private static func noTargetKeys(_ message: String) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, message,
            hint: "Set HOLDFAST_TARGET_ACCESS_KEY and HOLDFAST_TARGET_SECRET_KEY, or give --to-access-key and "
                + "--to-secret-key-file.")
    }
}
