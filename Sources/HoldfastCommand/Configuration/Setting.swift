// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage

/// A value and the place where it was found, for messages. Never holds a secret.
struct Setting<Value: Sendable>: Sendable {
    let value: Value
    /// `MINIO_ENDPOINT`, `--endpoint`, `/etc/holdfast/holdfast.yaml line 3`.
    let origin: String

    init(_ value: Value, from origin: String) {
        self.value = value
        self.origin = origin
    }
}

extension Setting where Value == String {
    /// A flag, if it was given.
    init?(flag: String?, _ name: String) {
        guard let flag else { return nil }
        self.init(flag, from: name)
    }

    /// The endpoint that the text names.
    func endpoint(_ addressing: S3Endpoint.Addressing) throws -> S3Endpoint {
        do {
            return try S3Endpoint(value, addressing: addressing)
        } catch {
            throw HoldfastError(.invalidConfiguration, "\(origin) makes no sense: \(error).")
        }
    }
}

extension Surroundings {
    /// A variable that is set and not empty, with its name.
    func setting(_ name: String) -> Setting<String>? {
        self[name].map { Setting($0, from: name) }
    }

    /// A variable that is set, be it to nothing: how a default is switched off.
    func settingOrNothing(_ name: String) -> Setting<String>? {
        environment[name].map { Setting($0, from: name) }
    }

    /// A path as people write it: `~/` is the home directory, and what is not absolute lies below `base`.
    func path(_ text: String, below base: FilePath? = nil) -> FilePath {
        if text == "~" || text.hasPrefix("~/"), let home {
            return home.pushing(FilePath(String(text.dropFirst(2))))
        }
        return base?.pushing(FilePath(text)) ?? FilePath(text)
    }

    /// The secret key in a file: its one line without the line end.
    func secret(in file: Setting<String>, below base: FilePath? = nil) throws -> Secret {
        let path = path(file.value, below: base)
        guard let found = try readFile(path) else {
            throw HoldfastError(.invalidConfiguration, "There is no file \(path), which \(file.origin) names.")
        }
        let lines = found.text.split(whereSeparator: \.isNewline)
        guard lines.count == 1, lines[0].utf8.count <= 4096 else {
            throw HoldfastError(
                .invalidConfiguration, "\(path) holds \(lines.count) lines; one line with the secret key is expected.")
        }
        return Secret(String(lines[0]))
    }
}
