// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage

/// One profile of the AWS tools, out of `~/.aws/credentials` and `~/.aws/config`
/// (AWS SDKs and tools reference, "Shared config and credentials files").
struct AWSProfile: Sendable {
    let name: String
    private(set) var credentials: Setting<S3Credentials>?
    private(set) var region: Setting<String>?
    private(set) var endpoint: Setting<String>?
    /// A way to get keys that is not supported, `sso_session` for instance.
    private(set) var foreignWay: String?

    private static let foreignWays = [
        "credential_process", "role_arn", "sso_session", "sso_start_url", "web_identity_token_file",
    ]

    /// Reads the profile that `AWS_PROFILE` names, else the one called `default`.
    ///
    /// - Returns: `nil` when there is no profile of the default name.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when a profile was named and is nowhere.
    static func read(_ surroundings: Surroundings) throws -> AWSProfile? {
        func path(_ variable: String, _ usual: String) -> FilePath? {
            surroundings[variable].map { surroundings.path($0) } ?? surroundings.home?.appending(usual)
        }
        let named = surroundings["AWS_PROFILE"]
        var profile = AWSProfile(name: named ?? "default")
        let files = [
            path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), path("AWS_CONFIG_FILE", ".aws/config"),
        ]
        var isFound = false
        for (path, isConfig) in zip(files, [false, true]) {
            guard let path, let found = try surroundings.readFile(path) else { continue }
            let sections = profileSections(found.text)
            // In the config file every profile but the default one is headed [profile name].
            let heading = isConfig && profile.name != "default" ? "profile \(profile.name)" : profile.name
            guard let section = sections[heading] else { continue }
            isFound = true
            try profile.take(section, from: "\(path) [\(heading)]")
        }
        guard isFound || named == nil else {
            throw HoldfastError(
                .invalidConfiguration, "AWS_PROFILE names \(profile.name), and no such profile is to be found.",
                hint: "Looked in \(files.compactMap { $0?.string }.joined(separator: " and ")).")
        }
        return isFound ? profile : nil
    }

    private init(name: String) {
        self.name = name
    }

    private mutating func take(_ section: [String: String], from origin: String) throws {
        let accessKey = section["aws_access_key_id"]
        let secretKey = section["aws_secret_access_key"]
        guard (accessKey == nil) == (secretKey == nil) else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(origin) has one of aws_access_key_id and aws_secret_access_key and not the other.")
        }
        if credentials == nil, let accessKey, let secretKey {
            credentials = Setting(
                S3Credentials(
                    accessKey: accessKey, secretKey: Secret(secretKey),
                    sessionToken: section["aws_session_token"].map(Secret.init)), from: origin)
        }
        region = region ?? section["region"].map { Setting($0, from: origin) }
        endpoint = endpoint ?? section["endpoint_url"].map { Setting($0, from: origin) }
        foreignWay = foreignWay ?? Self.foreignWays.first { section[$0] != nil }
    }

    /// The sections of an INI file by their heading. Indented lines are settings of other tools and are left out.
    static func profileSections(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var heading: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
            if first == "[", let end = line.firstIndex(of: "]") {
                let words = line[line.index(after: line.startIndex)..<end].split(whereSeparator: \.isWhitespace)
                heading = words.joined(separator: " ")
            } else if let heading, let equals = line.firstIndex(of: "=") {
                let key = trimmed(line[..<equals]).lowercased()
                let value = trimmed(line[line.index(after: equals)...])
                if !value.isEmpty { sections[heading, default: [:]][key] = value }
            }
            if let heading, sections[heading] == nil { sections[heading] = [:] }
        }
        return sections
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop(while: \.isWhitespace)
        return String(front.reversed().drop(while: \.isWhitespace).reversed())
    }
}
