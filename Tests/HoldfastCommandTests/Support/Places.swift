// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage
import SystemPackage

@testable import HoldfastCommand

/// A machine with these files and variables.
struct Places {
    var environment: [String: String] = ["HOME": "/home/ada"]
    var files: [String: String] = [:]
    /// Files that need not be text.
    var bytes: [String: [UInt8]] = [:]
    /// Permission bits of every file.
    var mode: UInt32 = 0o600
    var owner: UInt32 = 1000
    var userID: UInt32 = 1000

    var surroundings: Surroundings {
        let (files, mode, owner, bytes) = (files, mode, owner, bytes)
        return Surroundings(
            environment: environment,
            readFile: { path in files[path.string].map { FoundFile(text: $0, mode: mode, owner: owner) } },
            readBytes: { path in bytes[path.string].map { FoundBytes(bytes: $0, mode: mode, owner: owner) } },
            userID: userID)
    }

    func resolve(_ flags: [String] = [], needsSource: Bool = true) throws -> ResolvedConfiguration {
        try ResolvedConfiguration(try ConnectionOptions.parse(flags), surroundings, needsSource: needsSource)
    }

    /// The error of a configuration that must not be accepted.
    func refusal(_ flags: [String] = [], needsSource: Bool = true) throws -> HoldfastError? {
        do {
            _ = try resolve(flags, needsSource: needsSource)
            return nil
        } catch let error as HoldfastError {
            return error
        }
    }
}

extension Places {
    /// A MinIO server in the environment.
    static var minio: Places {
        var places = Places()
        places.environment["MINIO_ENDPOINT"] = "http://minio:9000"
        places.environment["MINIO_ROOT_USER"] = "minio-user"
        places.environment["MINIO_ROOT_PASSWORD"] = "minio-secret"
        return places
    }
}

extension VaultCopyConfiguration {
    /// `/srv/vault`, `s3://bucket on the source`, `s3://bucket at http://other key`.
    var summary: String {
        switch self {
        case .directory(let path): path.string
        case .bucket(let bucket, nil, let lock): "s3://\(bucket) on the source\(lock.map { ", locked \($0)" } ?? "")"
        case .bucket(let bucket, let storage?, let lock):
            "s3://\(bucket) at \(storage.endpoint) as \(storage.credentials.accessKey)\(lock.map { ", locked \($0)" } ?? "")"
        }
    }
}
