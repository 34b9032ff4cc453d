// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads a header from bytes as they come, line by line, and accepts nothing that the format's grammar does not.
struct HeaderReader {
    private enum Expectation {
        case version, stanza, body
    }

    private var expectation = Expectation.version
    private var line: [UInt8] = []
    private var authenticated: [UInt8] = []
    private var stanzas: [Stanza] = []
    private var arguments: [String] = []
    private var body: [UInt8] = []

    /// Takes bytes from `buffer` up to the end of the header at most.
    ///
    /// - Returns: the header when it is complete; `nil` when all of the buffer was taken and there must be more.
    mutating func feed(_ buffer: inout ByteBuffer) throws(AgeError) -> Header? {
        while let byte: UInt8 = buffer.readInteger() {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                if expectation == .version { try checkBeginning() }
                guard authenticated.count + line.count <= Header.byteLimit else {
                    throw .malformedHeader("it is longer than \(Header.byteLimit) bytes")
                }
                continue
            }
            let complete = line
            line = []
            if let header = try take(complete) { return header }
            authenticated += complete
            authenticated.append(byte)
        }
        return nil
    }

    /// What to throw when the bytes end here.
    var endError: AgeError {
        expectation == .version ? .notAge : .truncated
    }

    /// Tells other files from age files by their first bytes, not by their first hundred thousand.
    private func checkBeginning() throws(AgeError) {
        let magic = "age-encryption.org/"
        let armor = "-----BEGIN AGE"
        if !magic.utf8.starts(with: line.prefix(magic.utf8.count)) {
            guard armor.utf8.starts(with: line.prefix(armor.utf8.count)) else { throw .notAge }
            if line.count >= armor.utf8.count { throw .armored }
        }
        if line.count > 64 { throw .notAge }
    }

    private mutating func take(_ line: [UInt8]) throws(AgeError) -> Header? {
        switch expectation {
        case .version:
            try takeVersion(line)
        case .stanza where line.starts(with: Array("-> ".utf8)):
            try takeArguments(line.dropFirst(3))
        case .stanza where line.starts(with: Array("---".utf8)):
            return try takeCode(line)
        case .stanza:
            throw .malformedHeader("a line that is neither a recipient nor the end")
        case .body:
            try takeBody(line)
        }
        return nil
    }

    private mutating func takeVersion(_ line: [UInt8]) throws(AgeError) {
        let text = String(decoding: line, as: UTF8.self)
        guard text == Header.versionLine else {
            let version = text.dropFirst("age-encryption.org/".count)
            guard !version.isEmpty, version.utf8.allSatisfy({ (33...126).contains($0) }) else { throw .notAge }
            throw .unsupportedVersion(String(version))
        }
        expectation = .stanza
    }

    private mutating func takeArguments(_ line: ArraySlice<UInt8>) throws(AgeError) {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (33...126).contains($0) } }) else {
            throw .malformedHeader("the arguments of a recipient")
        }
        arguments = parts.map { String(decoding: $0, as: UTF8.self) }
        body = []
        expectation = .body
    }

    private mutating func takeBody(_ line: [UInt8]) throws(AgeError) {
        guard line.count <= Stanza.bodyColumns, let bytes = RawBase64.decode(line) else {
            throw .malformedHeader("the body of a recipient")
        }
        body += bytes
        if line.count < Stanza.bodyColumns {
            stanzas.append(Stanza(arguments: arguments, body: body))
            expectation = .stanza
        }
    }

    private func takeCode(_ line: [UInt8]) throws(AgeError) -> Header {
        guard !stanzas.isEmpty else { throw .malformedHeader("no recipient") }
        guard line.starts(with: Array("--- ".utf8)), let code = RawBase64.decode(line.dropFirst(4)), code.count == 32
        else { throw .malformedHeader("its authentication code") }
        return Header(stanzas: stanzas, code: code, authenticated: authenticated + Array("---".utf8))
    }
}
