// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Archive
import Crypto
import Foundation
import NIOCore
import Streams

/// What can be said of a sealed archive, with a key and without.
extension VerifyRun {
    /// What is inside; `nil` when that is not looked at, for want of a key or because only the seal was asked for. The
    /// sealed bytes themselves are then verified, as far as can be.
    ///
    /// - Throws: ``ArchiveError`` when the header is not that of an age file, or is not what it was.
    func openSeal(
        _ bytes: any RandomAccessBytes, _ result: inout CopyVerification
    ) async throws -> (any RandomAccessBytes)? {
        let sealed = try await SealedArchive.read(bytes, of: entry.file)
        if depth > .seal {
            do {
                let inside = try await sealed.unseal(environment)
                if let flaw = inside.flaw { result.add(flaw) }
                return inside.bytes
            } catch let error as HoldfastError where error.code == .wrongKey {
                result.unopened = error.message
            }
        }
        result.depth = .seal
        // Chunks of 64 KiB with 16 bytes each: a last one that is nothing but those 16 is none.
        let length = sealed.front.payload.upperBound - sealed.front.payload.lowerBound - 16
        let last = length % (64 << 10 + 16)
        if length < 16 || (1...15).contains(last) || (last == 16 && length > 16) {
            result.add("it is cut short: \(bytes.size) bytes are no length that a sealed file has")
        }
        if depth != .structure { try await readSealed(sealed, &result) }
        return nil
    }

    /// Reads every byte and compares it with what this host wrote, if it did.
    private func readSealed(_ sealed: SealedArchive, _ result: inout CopyVerification) async throws {
        let kept = try await KeptCatalogs(environment.state).find(sealed.file, sealed.front)?.record
        // The archive may have another header by now; with the old one it has the old checksum.
        var asWritten = SHA256()
        asWritten.update(data: kept?.header ?? Data())
        var payload = SHA256()
        environment.progress.begin("reading \(result.copy)", objects: 0, bytes: sealed.bytes.size)
        for try await block in sealed.bytes.stream(sealed.front.payload) {
            block.withUnsafeReadableBytes { bytes in
                payload.update(bufferPointer: bytes)
                if kept != nil { asWritten.update(bufferPointer: bytes) }
            }
            result.bytesRead += Int64(block.readableBytes)
            environment.progress.finished(objects: 0, bytes: block.readableBytes)
        }
        result.sealedSHA256 = Hex.text(payload.finalize())
        result.isSealCompared = kept != nil
        let checksum = Hex.text(asWritten.finalize())
        if let kept, kept.sha256 != checksum {
            result.add("its bytes have SHA-256 \(checksum), and \(kept.sha256) was written")
        }
    }

    /// Copies that were read whole must be the same; without a key nothing tells which of two is the right one.
    static func compareSeals(_ report: inout VerifyReport) {
        let read = report.copies.indices.filter { report.copies[$0].sealedSHA256 != nil }
        guard Set(report.copies.compactMap(\.sealedSHA256)).count > 1 else {
            if read.count > 1 { for index in read { report.copies[index].isSealCompared = true } }
            return
        }
        // Where this host knows which one is right, it has said so.
        guard report.copies.allSatisfy(\.isSound) else { return }
        for index in read {
            report.copies[index].add("the copies differ, and without an identity nothing tells which one is right")
        }
    }
}
