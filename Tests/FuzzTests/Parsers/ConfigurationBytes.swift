// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage
import SystemPackage

@testable import HoldfastCommand

/// The configuration file.
enum ConfigurationBytes {
    static func read(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        for unit in [TimetableText.Unit.bytes, .requests] {
            let timetable = try? TimetableText(unit: unit, zone: .gmt).read(text)
            try demand(timetable?.constant.map { $0 > 0 } ?? true, "a rate of nothing")
        }
        do {
            let file = try ConfigurationFile(
                FoundFile(text: text, mode: 0o644, owner: 0), at: "holdfast.yaml")
            let servers = [file.source, file.vaultServer]
            for server in servers {
                try demand(server.secretKey == nil || server.secretKeyFile == nil, "two secret keys for one server")
                let hasSecret = server.secretKey != nil || server.secretKeyFile != nil
                try demand((server.accessKey != nil) == hasSecret, "half of a pair of keys")
                try demand(
                    server.secretKey == nil || !file.warnings.isEmpty, "a secret for everybody without a warning")
            }
            try demand(file.vaultCopies?.isEmpty != true, "a vault without copies")
        } catch is HoldfastError {}
    }
}
