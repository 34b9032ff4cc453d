// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How the names of a listing are written, as the answer itself says.
///
/// `encoding-type=url` is always asked for, because a key may hold bytes that XML cannot; but servers exist that ignore
/// it, and what they send must not be decoded. The statement may stand at the end of the document (MinIO), so names
/// are kept as read and decoded last.
enum ListingEncoding {
    case plain
    case url

    /// Reads `<EncodingType>`.
    init(_ scanner: inout XMLScanner) throws {
        self = try scanner.string().lowercased() == "url" ? .url : .plain
    }

    func decode(_ name: [UInt8]) throws(XMLProblem) -> [UInt8] {
        guard self == .url else { return name }
        guard let decoded = URIEncoding.decodeForm(name) else {
            throw XMLProblem("\"\(String(decoding: name.prefix(80), as: UTF8.self))\" is not URL-encoded as announced")
        }
        return decoded
    }

    func decode(_ info: inout ObjectInfo) throws(XMLProblem) {
        guard self == .url else { return }
        let decoded = try decode(info.key.bytes)
        if decoded.count != info.key.bytes.count || decoded != info.key.bytes { info.key = ObjectKey(decoded) }
    }
}
