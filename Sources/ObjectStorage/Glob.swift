// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The globs of fnmatch(3) over bytes; `*` matches `/` as well, since keys have no folders.
package enum Glob {
    package static func matches(_ bytes: [UInt8], _ pattern: String) -> Bool {
        // A zero byte would end the text for fnmatch; S3 allows none.
        guard !bytes.contains(0) else { return false }
        return (bytes + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let start = text.baseAddress else { return false }
                return fnmatch(pattern, start, 0) == 0
            }
        }
    }
}
