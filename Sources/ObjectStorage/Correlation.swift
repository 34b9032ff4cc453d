// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What ties together everything that is done for one request or run: log lines, and requests to servers.
package enum Correlation {
    /// 1...128 characters of `A-Z a-z 0-9 . _ -`, or `nil` outside of any.
    @TaskLocal package static var id: String?

    /// Whether a text from outside may be an id: it goes into headers and logs.
    package static func isAcceptable(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
