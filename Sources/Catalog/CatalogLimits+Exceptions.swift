// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// An exception says why something is missing, and must not be missing itself: what a server wrote into it is made to
/// fit, where an object that does not fit is refused.
extension CatalogLimits {
    /// The exception with everything within the limits of a catalog, but for its ordinal.
    static func fitted(_ exception: CatalogException) -> CatalogException {
        var exception = exception
        exception.key = fittedKey(exception.key)
        // A part of a version id is no version id.
        if let version = exception.versionID, fitted(version, wordBytes) != version { exception.versionID = nil }
        exception.reason = fitted(exception.reason, wordBytes)
        exception.message = fitted(exception.message, textBytes)
        return exception
    }

    /// The key by which an object is counted: its own, or of one that is too long the beginning and a digest of the
    /// whole, so that two of them stay two.
    static func fittedKey(_ key: [UInt8]) -> [UInt8] {
        guard key.count > keyBytes else { return key }
        // FNV-1a, 64 bits: it keeps apart what a server lists, and is asked for no more.
        let digest = key.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Array(key.prefix(keyBytes - 32)) + Array("…\(String(digest, radix: 16))".utf8)
    }

    /// The text without zero bytes, cut to `limit` bytes.
    private static func fitted(_ text: String, _ limit: Int) -> String {
        // SQLite would take what follows a zero byte for absent.
        let text = text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
        guard text.utf8.count > limit else { return text }
        return String(decoding: text.utf8.prefix(limit - 6), as: UTF8.self) + "…"
    }
}

extension CatalogException {
    /// This exception and another one of the same object in one.
    func joined(with other: CatalogException) -> CatalogException {
        var both = self
        both.versionID = versionID ?? other.versionID
        if !reason.split(separator: "+").contains(other.reason[...]) { both.reason += "+" + other.reason }
        if !message.contains(other.message) { both.message += "; " + other.message }
        return both
    }
}
