// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStorage

/// Where the source, the vault and the state are, as flags: the first place that is looked at.
struct ConnectionOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Read settings from this file (HOLDFAST_CONFIG).", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The S3 server, http://host:port (MINIO_ENDPOINT, AWS_ENDPOINT_URL).", valueName: "url"))
    var endpoint: String?

    @Option(help: "The server's region (AWS_REGION); us-east-1 if nobody says.")
    var region: String?

    @Option(help: ArgumentHelp("The access key (MINIO_ROOT_USER, AWS_ACCESS_KEY_ID).", valueName: "key"))
    var accessKey: String?

    @Option(
        help: ArgumentHelp(
            "A file that holds the secret key. The key itself is never an argument: others could see it.",
            valueName: "file"))
    var secretKeyFile: String?

    @Option(help: ArgumentHelp("Certificates to trust beside the system's, PEM.", valueName: "file"))
    var caFile: String?

    @Option(help: "How buckets are addressed.")
    var addressing: AddressingChoice?

    @Option(
        help: ArgumentHelp(
            "Keep a copy of each backup in this directory (HOLDFAST_VAULT_DIRECTORY); '' for none.",
            valueName: "directory"))
    var vaultDirectory: String?

    @Option(
        help: ArgumentHelp(
            "Keep a copy of each backup in this bucket (HOLDFAST_VAULT_BUCKET); '' for none.", valueName: "bucket"))
    var vaultBucket: String?

    @Option(
        help: ArgumentHelp("The server of that bucket, if not the source (HOLDFAST_VAULT_ENDPOINT).", valueName: "url"))
    var vaultEndpoint: String?

    @Option(help: ArgumentHelp("The access key there (HOLDFAST_VAULT_ACCESS_KEY).", valueName: "key"))
    var vaultAccessKey: String?

    @Option(
        help: ArgumentHelp(
            "A file that holds the secret key there (HOLDFAST_VAULT_SECRET_KEY holds the key).", valueName: "file"))
    var vaultSecretKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "Let nobody remove archives from that bucket for so long, such as 30d (HOLDFAST_VAULT_LOCK); '' for no lock.",
            valueName: "span"))
    var vaultLock: String?

    @Option(help: "Who may lift that lock: those with a right of their own, or nobody (HOLDFAST_VAULT_LOCK_MODE).")
    var vaultLockMode: LockModeChoice?

    @Option(
        help: ArgumentHelp(
            "Where working files and cached catalogs go (HOLDFAST_STATE_DIRECTORY).", valueName: "directory"))
    var stateDirectory: String?

    @Option(
        help: ArgumentHelp(
            "Receive at most so many bytes a second, such as 20MiB/s, or 'Mon-Fri 08:00-18:00 5M, 50M' "
                + "(HOLDFAST_LIMIT_DOWNLOAD).", valueName: "rate"))
    var limitDownload: String?

    @Option(
        help: ArgumentHelp(
            "Send at most so many bytes a second, such as 800K (HOLDFAST_LIMIT_UPLOAD).", valueName: "rate"))
    var limitUpload: String?

    @Option(
        help: ArgumentHelp(
            "Make at most so many requests a second at each server, such as 50/s (HOLDFAST_LIMIT_REQUESTS).",
            valueName: "rate"))
    var limitRequests: String?

    @Option(
        help: ArgumentHelp(
            "Where the days and times of limits are meant, such as Europe/Berlin (HOLDFAST_LIMIT_TIME_ZONE); UTC if nobody says.",
            valueName: "zone"))
    var limitTimeZone: String?
}

/// Who may lift a lock, in the words of the command line and of `holdfast.yaml`.
enum LockModeChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case governance, compliance
}

/// How a bucket appears in a request, in the words of the command line and of `holdfast.yaml`.
enum AddressingChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case path, virtual, auto

    var addressing: S3Endpoint.Addressing {
        switch self {
        case .path: .path
        case .virtual: .virtualHost
        case .auto: .automatic
        }
    }
}
