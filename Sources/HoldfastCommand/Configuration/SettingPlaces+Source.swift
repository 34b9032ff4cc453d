// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage

extension SettingPlaces {
    /// A pair of keys, and whether they are of the kind that Amazon's own tools use.
    private struct Keys {
        let credentials: Setting<S3Credentials>
        var isAmazon = false
        var profile: AWSProfile?
    }

    /// The server to back up; `nil` when nothing names one.
    func source() throws -> StorageConfiguration? {
        let keys = try sourceKeys()
        let endpoint = sourceEndpoint(keys)
        guard let keys else {
            guard let endpoint else { return nil }
            throw HoldfastError(
                .invalidConfiguration, "There are no keys for \(endpoint.value) (\(endpoint.origin)).",
                hint: "Set MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                    + "or give --access-key and --secret-key-file.")
        }
        let region = sourceRegion(keys)
        guard let endpoint = endpoint ?? (keys.isAmazon ? amazon(region) : nil) else {
            throw HoldfastError(
                .invalidConfiguration, "There are keys (\(keys.credentials.origin)) and no server to use them with.",
                hint: "Set MINIO_ENDPOINT, http://127.0.0.1:9000 for instance, or give --endpoint.")
        }
        return StorageConfiguration(
            endpoint: try endpoint.endpoint(try addressing(flags.addressing, file?.source.addressing)),
            credentials: keys.credentials.value, region: region?.value ?? Self.usualRegion,
            certificateAuthority: certificateAuthority(),
            origin: "endpoint from \(endpoint.origin), keys from \(keys.credentials.origin)")
    }

    /// Why a command that needs the source cannot go on.
    func noSource() -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "No server is configured.",
            hint: "Set MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or the AWS_ variables, "
                + "or write holdfast.yaml.")
    }

    /// What a server without regions takes, and what Amazon takes for its first one.
    static let usualRegion = "us-east-1"

    private func sourceKeys() throws -> Keys? {
        if let pair = try flagKeys(
            flags.accessKey, "--access-key", secretFile: flags.secretKeyFile, "--secret-key-file")
        {
            return Keys(credentials: pair)
        }
        if let server = file?.source, let pair = try keys(of: server) { return Keys(credentials: pair) }
        if let pair = try environmentKeys("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD") { return Keys(credentials: pair) }
        if let pair = try environmentKeys("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", token: "AWS_SESSION_TOKEN") {
            return Keys(credentials: pair, isAmazon: true)
        }
        guard let profile = try AWSProfile.read(surroundings) else { return nil }
        if let pair = profile.credentials { return Keys(credentials: pair, isAmazon: true, profile: profile) }
        guard surroundings["AWS_PROFILE"] != nil, let way = profile.foreignWay else { return nil }
        throw HoldfastError(
            .invalidConfiguration, "The AWS profile \(profile.name) gets its keys by \(way), which is not supported.",
            hint: "Export keys: eval \"$(aws configure export-credentials --profile \(profile.name) --format env)\"")
    }

    private func sourceEndpoint(_ keys: Keys?) -> Setting<String>? {
        Setting(flag: flags.endpoint, "--endpoint") ?? file?.source.endpoint ?? surroundings.setting("MINIO_ENDPOINT")
            ?? surroundings.setting("AWS_ENDPOINT_URL_S3") ?? surroundings.setting("AWS_ENDPOINT_URL")
            ?? keys?.profile?.endpoint
    }

    private func sourceRegion(_ keys: Keys) -> Setting<String>? {
        Setting(flag: flags.region, "--region") ?? file?.source.region ?? surroundings.setting("AWS_REGION")
            ?? surroundings.setting("AWS_DEFAULT_REGION") ?? keys.profile?.region
    }

    private func amazon(_ region: Setting<String>?) -> Setting<String> {
        let name = region?.value ?? Self.usualRegion
        let domain = name.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return Setting("https://s3.\(name).\(domain)", from: "the region \(name)")
    }

    private func certificateAuthority() -> FilePath? {
        if let flag = flags.caFile { return surroundings.path(flag) }
        return file?.source.caFile.map { surroundings.path($0.value, below: base) }
    }
}
