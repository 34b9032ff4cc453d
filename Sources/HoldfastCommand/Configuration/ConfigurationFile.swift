// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage
import Yams

/// `holdfast.yaml`, decoded: what it says, and on which lines.
struct ConfigurationFile: Sendable {
    /// A server, as the sections `source`, `vault` and each of `vault.copies` name one.
    struct Server: Sendable {
        var endpoint: Setting<String>?
        var accessKey: Setting<String>?
        var secretKey: Setting<Secret>?
        var secretKeyFile: Setting<String>?
        var region: Setting<String>?
        var addressing: Setting<String>?
        var caFile: Setting<String>?
    }

    /// A copy of the vault in the list `vault.copies`.
    enum Copy: Sendable {
        case directory(Setting<String>)
        case bucket(Setting<String>, Server, Lock)
    }

    /// For how long archives in a bucket are locked.
    struct Lock: Sendable {
        var span: Setting<String>?
        var mode: Setting<String>?
    }

    /// Objects that are under a customer's key, and the file that holds it.
    struct KeyRule: Sendable {
        var objects: Setting<String>
        var keyFile: Setting<String>
    }

    /// What is received, sent and asked at most; rates of several times as a list or as one text with commas.
    struct Limits: Sendable {
        static let keys = ["download", "upload", "requests", "time_zone"]

        var download: Setting<String>?
        var upload: Setting<String>?
        var requests: Setting<String>?
        var timeZone: Setting<String>?

        init() {}

        init(_ section: YAMLSection) throws {
            func rate(_ key: String) throws -> Setting<String>? {
                guard let texts = try section.texts(key) else { return nil }
                guard let first = texts.first else { throw section.error("limits.\(key) is empty") }
                return Setting(texts.map(\.value).joined(separator: ", "), from: first.origin)
            }
            download = try rate("download")
            upload = try rate("upload")
            requests = try rate("requests")
            timeZone = try section.text("time_zone")
        }
    }

    /// One way to tell somebody of alerts.
    enum Notification: Sendable {
        case webhook(Setting<String>, secret: Setting<Secret>?, secretFile: Setting<String>?)
        case slack(Setting<String>)
        case command([Setting<String>])

        static let keys = ["webhook", "secret", "secret_file", "slack", "command"]

        init(_ section: YAMLSection) throws {
            let secret = try section.text("secret").map { Setting(Secret($0.value), from: $0.origin) }
            let file = try section.text("secret_file")
            guard secret == nil || file == nil else {
                throw section.error("there are both secret and secret_file; keep one")
            }
            let command = try section.texts("command")
            switch (try section.text("webhook"), try section.text("slack"), command) {
            case (let webhook?, nil, nil): self = .webhook(webhook, secret: secret, secretFile: file)
            case (nil, let slack?, nil) where secret == nil && file == nil: self = .slack(slack)
            case (nil, nil, let command?) where secret == nil && file == nil: self = .command(command)
            default:
                throw section.error(
                    "each of notifications is either a webhook (with a secret or secret_file if need be), slack, or a command"
                )
            }
        }
    }

    let path: FilePath
    private(set) var source = Server()
    private(set) var vaultDirectory: Setting<String>?
    private(set) var vaultBucket: Setting<String>?
    private(set) var vaultServer = Server()
    private(set) var vaultLock = Lock()
    /// `nil` when the file has no such list.
    private(set) var vaultCopies: [Copy]?
    private(set) var stateDirectory: Setting<String>?
    /// `nil` when the file has no such list; never empty.
    private(set) var recipients: [Setting<String>]?
    private(set) var recipientsFile: Setting<String>?
    private(set) var passphraseFile: Setting<String>?
    private(set) var identityFiles: [Setting<String>] = []
    private(set) var limits = Limits()
    private(set) var customerKeys: [KeyRule] = []
    /// What is kept of the backups of each bucket.
    private(set) var retention = RetentionPolicies()
    /// `nil` when the file has no such section.
    private(set) var plans: [Plan]?
    private(set) var notifications: [Notification] = []
    private(set) var warnings: [String] = []

    private static let serverKeys = [
        "endpoint", "access_key", "secret_key", "secret_key_file", "region", "addressing", "ca_file",
    ]

    private static let bucketKeys = serverKeys + ["lock", "lock_mode"]

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` with the line. It never repeats a value: it may be a secret.
    init(_ file: FoundFile, at path: FilePath) throws {
        self.path = path
        guard let root = try Self.compose(file.text, at: path) else { return }
        let top = try YAMLSection(
            root, named: "", of: path,
            keys: ["source", "vault", "state_directory"] + Self.sealKeys + [
                "limits", "customer_keys", "retention", "buckets", "plans", "notifications",
            ])
        stateDirectory = try top.text("state_directory")
        try readSealing(top)
        retention = try RetentionPolicies(top)
        plans = try Plan.plans(top)
        notifications = try (top.sections("notifications", keys: Notification.keys) ?? []).map { try Notification($0) }
        if let section = try top.section("limits", keys: Limits.keys) { limits = try Limits(section) }
        customerKeys = try (top.sections("customer_keys", keys: ["objects", "key_file"]) ?? []).map { section in
            guard let objects = try section.text("objects"), let keyFile = try section.text("key_file") else {
                throw section.error("each of customer_keys has objects and a key_file")
            }
            return KeyRule(objects: objects, keyFile: keyFile)
        }
        if let section = try top.section("source", keys: Self.serverKeys) { source = try Self.server(section) }
        if let section = try top.section("vault", keys: ["directory", "bucket", "copies"] + Self.bucketKeys) {
            try readVault(section)
        }
        if hasSecret, file.mode & 0o004 != 0 {
            warnings.append("Everybody may read \(path), which holds a secret key: chmod 600 \(path)")
        }
    }

    private static let sealKeys = ["recipients", "recipients_file", "passphrase_file", "identity_file"]

    private mutating func readSealing(_ top: YAMLSection) throws {
        recipients = try top.texts("recipients")
        // Backups that were meant to be sealed must not be made in plain because a list came out empty.
        if recipients?.isEmpty == true { throw top.error("recipients names nobody") }
        recipientsFile = try top.text("recipients_file")
        passphraseFile = try top.text("passphrase_file")
        identityFiles = try top.texts("identity_file") ?? []
    }

    private var hasSecret: Bool {
        let copies = (vaultCopies ?? []).compactMap { copy in
            if case .bucket(_, let server, _) = copy { server } else { nil }
        }
        let isTold = notifications.contains { notification in
            switch notification {
            case .webhook(_, let secret, _): secret != nil
            // Whoever knows the address may post there.
            case .slack: true
            case .command: false
            }
        }
        return isTold || ([source, vaultServer] + copies).contains { $0.secretKey != nil }
    }

    private mutating func readVault(_ section: YAMLSection) throws {
        vaultDirectory = try section.text("directory", allowsNothing: true)
        vaultBucket = try section.text("bucket", allowsNothing: true)
        vaultServer = try Self.server(section)
        vaultLock = try Self.lock(section)
        guard let copies = try section.sections("copies", keys: ["directory", "bucket"] + Self.bucketKeys) else {
            return
        }
        guard !(["directory", "bucket"] + Self.bucketKeys).contains(where: section.has) else {
            throw section.error(
                "vault has a list of copies and settings beside it",
                hint: "Write either copies, or directory and bucket with their server.")
        }
        guard !copies.isEmpty else { throw section.error("vault.copies is empty") }
        vaultCopies = try copies.map { section in
            switch (try section.text("directory"), try section.text("bucket")) {
            case (let directory?, nil):
                guard !Self.bucketKeys.contains(where: section.has) else {
                    throw section.error("a directory has neither an endpoint nor keys nor a lock")
                }
                return .directory(directory)
            case (nil, let bucket?): return .bucket(bucket, try Self.server(section), try Self.lock(section))
            default: throw section.error("each of vault.copies is either a directory or a bucket")
            }
        }
    }

    private static func lock(_ section: YAMLSection) throws -> Lock {
        Lock(span: try section.text("lock", allowsNothing: true), mode: try section.text("lock_mode"))
    }

    private static func server(_ section: YAMLSection) throws -> Server {
        let secret = try section.text("secret_key")
        let file = try section.text("secret_key_file")
        guard secret == nil || file == nil else {
            throw section.error("there are both secret_key and secret_key_file; keep one")
        }
        let accessKey = try section.text("access_key")
        guard (accessKey == nil) == (secret == nil && file == nil) else {
            throw section.error("access_key and secret_key (or secret_key_file) belong together and one is missing")
        }
        return Server(
            endpoint: try section.text("endpoint"), accessKey: accessKey,
            secretKey: secret.map { Setting(Secret($0.value), from: $0.origin) }, secretKeyFile: file,
            region: try section.text("region"), addressing: try section.text("addressing"),
            caFile: try section.text("ca_file"))
    }

    /// The document; `nil` when it is empty. The parser's own descriptions quote the file, secrets included, so only
    /// its problem and its line are repeated.
    private static func compose(_ text: String, at path: FilePath) throws -> Node? {
        func refuse(_ mark: Mark?, _ problem: String) -> HoldfastError {
            HoldfastError(
                .invalidConfiguration, "\(path)\(mark.map { " line \($0.line)" } ?? "") is not YAML: \(problem).")
        }
        do {
            let root = try Yams.compose(yaml: text)
            if case .scalar(let scalar) = root, scalar.string.isEmpty { return nil }
            return root
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                throw refuse(mark, problem)
            case .duplicatedKeysInMapping(let duplicates, let context):
                throw refuse(context.mark, "a key is there twice, \(duplicates.sorted().joined(separator: " and "))")
            case .reader(let problem, _, _, _): throw refuse(nil, problem)
            default: throw refuse(nil, "it cannot be read")
            }
        }
    }
}
