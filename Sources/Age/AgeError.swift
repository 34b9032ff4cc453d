// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with an age file or with a key.
package enum AgeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes do not begin as an age file does.
    case notAge
    /// The file is in the text form for mail, which is not read here.
    case armored
    /// A version of the format other than `v1`.
    case unsupportedVersion(String)
    /// The header breaks a rule of the format.
    case malformedHeader(String)
    /// None of the identities is one of those that the file was sealed to.
    case noMatch
    /// The header was changed after it was made.
    case headerForged
    /// The file asks for more work to try a passphrase (2 to that power) than is allowed.
    case workTooGreat(Int, allowed: Int)
    /// A chunk of the payload, counted from 0, is not what was sealed.
    case payloadCorrupt(chunk: UInt64)
    /// The file ends before its last chunk does.
    case truncated
    /// There is nobody to seal to.
    case noRecipients
    /// A passphrase must be the only recipient.
    case passphraseNotAlone
    /// A text is not a key; what is wrong with it, never the text itself.
    case badKey(String)
    /// Bytes were appended to a payload that had been finished.
    case finished

    package var description: String {
        switch self {
        case .notAge: "this is not an age file"
        case .armored: "this is an armored age file; turn it into a binary one first: age -d … | age -r …"
        case .unsupportedVersion(let version): "age files of version \(version) are not supported, only v1"
        case .malformedHeader(let what): "the header of the age file is malformed: \(what)"
        case .noMatch: "no identity given here opens this age file; give the one it was sealed to"
        case .headerForged: "the header of the age file was changed after it was made"
        case .workTooGreat(let factor, let allowed):
            "the age file asks for work of 2^\(factor) to try the passphrase and 2^\(allowed) is allowed"
        case .payloadCorrupt(let chunk):
            "chunk \(chunk) of the age file is damaged, out of its place or the file cut short there"
        case .truncated: "the age file is cut short"
        case .noRecipients: "there is no recipient to seal to"
        case .passphraseNotAlone: "a passphrase must be the only recipient of an age file"
        case .badKey(let what): "this is no age key: \(what)"
        case .finished: "the sealed payload is finished and takes no more"
        }
    }
}
