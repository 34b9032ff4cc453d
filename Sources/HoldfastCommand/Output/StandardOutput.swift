// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import NIOCore
import SystemPackage

/// Standard output. Nothing is buffered beyond what the caller hands over, so a slow reader slows the command.
struct StandardOutput: Sendable {
    private let descriptor: SystemPackage.FileDescriptor
    private let thread = WritingThread(label: "holdfast.output")

    init(_ descriptor: SystemPackage.FileDescriptor = .standardOutput) {
        self.descriptor = descriptor
    }

    /// Makes a write to a pipe that nobody reads an error instead of the end of the process.
    static func surviveClosedPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Writes bytes as they are.
    ///
    /// - Throws: ``OutputError/closed`` when nobody reads any more; ``HoldfastError`` for a full disk and the like.
    func write(_ bytes: ByteBuffer) async throws {
        try await thread.run { try writeBlocking(bytes) }
    }

    /// Writes bytes as they are, on this thread: for callers that cannot wait otherwise and have nothing else to do.
    ///
    /// - Throws: as ``write(_:)`` does.
    func writeBlocking(_ bytes: ByteBuffer) throws {
        try Self.naming { _ = try descriptor.writeAll(bytes.readableBytesView) }
    }

    private static func naming(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch Errno.brokenPipe {
            throw OutputError.closed
        } catch let errno as Errno {
            throw HoldfastError(.failed, "Cannot write to standard output: \(errno.description.lowercased()).")
        }
    }

    /// Writes text for people and a line end. Control characters, which names from elsewhere may hold, become visible.
    func print(_ text: String) async throws {
        try await write(ByteBuffer(string: PrintableText.printable(text) + "\n"))
    }

    /// Writes lines as they come, a block at a time.
    func page() -> OutputPage { OutputPage(output: self) }
}

enum OutputError: Error, Equatable {
    /// The reader has gone.
    case closed
}

/// Lines that are written together: at most 32 KiB and a line wait.
struct OutputPage: Sendable {
    fileprivate let output: StandardOutput
    private var text = ""

    fileprivate init(output: StandardOutput) {
        self.output = output
    }

    mutating func add(_ line: String) async throws {
        append(line)
        if isFull { try await flush() }
    }

    mutating func flush() async throws {
        guard !text.isEmpty else { return }
        try await output.write(ByteBuffer(string: text))
        text = ""
    }

    /// As `add`, where the caller cannot wait but on its thread.
    mutating func addBlocking(_ line: String) throws {
        append(line)
        guard isFull else { return }
        try output.writeBlocking(ByteBuffer(string: text))
        text = ""
    }

    private var isFull: Bool { text.utf8.count >= 32 << 10 }

    private mutating func append(_ line: String) {
        text += PrintableText.printable(line)
        text += "\n"
    }
}

/// Text that does nothing to a terminal but appear on it.
enum PrintableText {
    /// Every control character but the line end, as `\xNN`.
    static func printable(_ text: String) -> String {
        guard text.utf8.contains(where: isControl) || text.unicodeScalars.contains(where: isHidden) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            let isSafe = scalar.value > 0x7F ? !isHidden(scalar) : !isControl(UInt8(scalar.value))
            if isSafe {
                result.unicodeScalars.append(scalar)
            } else {
                for byte in String(scalar).utf8 { result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
            }
        }
        return result
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 32 && byte != UInt8(ascii: "\n") || byte == 127 }

    /// C1 controls, and the marks that turn the direction of text around.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
