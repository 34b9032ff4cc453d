// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which keys of a backup are wanted: below a prefix, matching one of the includes (if any), and none of the excludes.
///
/// Globs are those of fnmatch(3) over bytes; `*` matches `/` as well, since keys have no folders.
package struct KeySelection: Sendable {
    package var prefix: [UInt8]
    package var includes: [String]
    package var excludes: [String]

    package init(prefix: [UInt8] = [], includes: [String] = [], excludes: [String] = []) {
        self.prefix = prefix
        self.includes = includes
        self.excludes = excludes
    }

    package func contains(_ key: [UInt8]) -> Bool {
        guard key.starts(with: prefix) else { return false }
        if !includes.isEmpty, !includes.contains(where: { Self.matches(key, $0) }) { return false }
        return !excludes.contains { Self.matches(key, $0) }
    }

    private static func matches(_ key: [UInt8], _ pattern: String) -> Bool {
        // A zero byte would end the key for fnmatch; S3 allows none.
        guard !key.contains(0) else { return false }
        return (key + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let start = text.baseAddress else { return false }
                return fnmatch(pattern, start, 0) == 0
            }
        }
    }
}
