// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Archive
import NIOCore
import Streams

/// A sealed archive in one copy, of which no more than the front was read.
struct SealedArchive: Sendable {
    let file: ArchiveFile
    let front: SealedFront
    let bytes: any RandomAccessBytes

    /// Reads the front.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when it is not that of an age file.
    static func read(_ bytes: any RandomAccessBytes, of file: ArchiveFile) async throws -> SealedArchive {
        do {
            let bytes = try await EdgesInMemory(bytes)
            return SealedArchive(file: file, front: try await SealedFront.read(bytes), bytes: bytes)
        } catch let error as AgeError {
            throw error.asDamage
        }
    }

    /// What is inside.
    ///
    /// - Parameter triesPassphrase: whether a passphrase is tried, which takes a second.
    /// - Throws: ``HoldfastError`` `.wrongKey` when no identity at hand opens it; ``ArchiveError/corrupt(_:)`` when the
    ///   header is not what it was.
    func unseal(_ environment: RunEnvironment, triesPassphrase: Bool = true) async throws -> ReadableArchive {
        let identities = await environment.keys.identities(for: front, triesPassphrase: triesPassphrase)
        guard !identities.isEmpty else { throw await missingKey(environment) }
        do {
            let opened = try await Age.open(bytes, front, with: identities)
            return ReadableArchive(bytes: UnsealedBytes(opened), seal: front, opened: opened)
        } catch AgeError.noMatch {
            throw await missingKey(environment)
        } catch let error as AgeError where error == .truncated || error.isOfPayload {
            let rest = UnsealedBytes(try await Age.openRemains(bytes, front, with: identities))
            return ReadableArchive(bytes: rest, seal: front, flaw: "The end of its seal is lost: \(error).")
        } catch let error as AgeError {
            throw error.asDamage
        }
    }

    /// Says to whom the archive is sealed, as far as that is known here, and with whom it was tried.
    func missingKey(_ environment: RunEnvironment) async -> HoldfastError {
        guard !front.wantsPassphrase else {
            let what = await environment.keys.hasPassphrase ? "the passphrase is not the one" : "none was given"
            return HoldfastError(
                .wrongKey, "\(file.fileName) is sealed with a passphrase, and \(what).",
                hint: "Give it at the prompt, in a file with --passphrase-file, or in HOLDFAST_PASSPHRASE.")
        }
        // The header tells how many there are; who they are, only the host knows that sealed it.
        let known = try? await KeptCatalogs(environment.state).find(file, front)?.record.recipients
        let count = front.recipientKinds.count
        let whom =
            known.map { $0.map(SealRecipients.label).joined(separator: ", ") }
            ?? "\(count) recipient\(count == 1 ? "" : "s")"
        let tried = environment.keys.labels
        let what =
            tried.isEmpty
            ? "no identity was given" : "none of the identities given opens it (\(tried.joined(separator: ", ")))"
        return HoldfastError(
            .wrongKey, "\(file.fileName) is sealed to \(whom), and \(what).",
            hint: "Give the file of an identity it is sealed to with --identity FILE or HOLDFAST_IDENTITY_FILE; "
                + "holdfast keys show FILE prints whose it is.")
    }
}

/// An archive that can be read: its own bytes, or those within its seal.
struct ReadableArchive: Sendable {
    let bytes: any RandomAccessBytes
    /// `nil` for an archive that is not sealed.
    var seal: SealedFront?
    /// The seal itself, where its end was not lost.
    var opened: OpenedBytes?
    /// What is wrong with the seal although something is left within it.
    var flaw: String?
}

extension VaultCopy {
    /// Opens an archive, and its seal if it has one; `nil` when it is not here.
    ///
    /// - Throws: as ``SealedArchive/read(_:of:)`` and ``SealedArchive/unseal(_:triesPassphrase:)``.
    func openArchive(_ file: ArchiveFile, _ environment: RunEnvironment) async throws -> ReadableArchive? {
        guard let bytes = try await open(file) else { return nil }
        guard file.isSealed else { return ReadableArchive(bytes: bytes) }
        return try await SealedArchive.read(bytes, of: file).unseal(environment)
    }
}

/// The inside of a seal, whose damage is told as that of any archive: other copies are asked for what is damaged.
private struct UnsealedBytes: RandomAccessBytes {
    private let opened: OpenedBytes

    init(_ opened: OpenedBytes) {
        self.opened = opened
    }

    var size: Int64 { opened.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        do {
            return try await opened.read(range)
        } catch let error as AgeError {
            throw error.asDamage
        }
    }
}

extension AgeError {
    fileprivate var isOfPayload: Bool {
        if case .payloadCorrupt = self { true } else { false }
    }

    /// What was read is not what was sealed, or not to be read.
    fileprivate var asDamage: ArchiveError {
        switch self {
        case .unsupportedVersion, .workTooGreat, .armored: .unsupported("a seal that cannot be opened here: \(self)")
        default: .corrupt("its seal: \(self)")
        }
    }
}
