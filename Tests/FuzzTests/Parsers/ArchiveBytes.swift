// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

@testable import Archive

/// An archive: opened by its index, recovered without it, and read in sequence. All three must tell the same.
enum ArchiveBytes {
    /// Bounds the work for archives that claim much; what is decompressed is small whatever they claim.
    private static let tarLimit: Int64 = 4 << 20
    private static let frameLimit = 64

    static func read(_ bytes: [UInt8]) async throws {
        let file = BufferBytes(ByteBuffer(bytes: bytes))
        let opened = try await accepted(unless: ArchiveError.self) { try await ArchiveReader.open(file) }
        let recovered = try await accepted(unless: ArchiveError.self) { try await ArchiveReader.recover(file) }
        if let recovered {
            try checkPlaces(of: recovered, in: file)
            _ = try await isSound(recovered)
        }
        guard let opened else { return }
        try checkPlaces(of: opened, in: file)
        _ = try await accepted(unless: ArchiveError.self) { try await opened.checkStructure() }
        guard try await isSound(opened) else { return }
        try demand(recovered?.frames == opened.frames, "the frames tell otherwise than the index")
        try await checkContent(of: opened, in: file)
    }

    /// Whether an index holds what every reader of it relies on.
    static func checkPlaces(of reader: ArchiveReader, in file: BufferBytes) throws {
        let frames = reader.frames
        try demand(frames.fileLength <= file.size, "frames behind the end of the file")
        var (tar, position): (Int64, Int64) = (0, 0)
        for index in 0..<frames.count {
            let frame = frames[index]
            try demand(
                frame.tarRange.lowerBound == tar && frame.fileRange.lowerBound == position && !frame.tarRange.isEmpty
                    && !frame.fileRange.isEmpty, "frame \(index) does not follow the one before")
            (tar, position) = (frame.tarRange.upperBound, frame.fileRange.upperBound)
        }
        try demand(tar == reader.tarLength && position == frames.fileLength, "the index does not end with its frames")
        for extent in [reader.catalog, reader.metadata].compactMap({ $0 }) {
            try demand(extent.lowerBound >= 512 && extent.upperBound <= tar, "an extent outside the tar stream")
        }
    }

    /// Whether every frame is what the index says.
    private static func isSound(_ reader: ArchiveReader) async throws -> Bool {
        guard reader.tarLength <= tarLimit, reader.frames.count <= frameLimit else { return false }
        return try await accepted(unless: ArchiveError.self) {
            for index in 0..<reader.frames.count { try await reader.checkFrame(index) }
        } != nil
    }

    private static func checkContent(of reader: ArchiveReader, in file: BufferBytes) async throws {
        let length = reader.tarLength
        let tar = try await reader.stream(0..<length).collect(upTo: Int(tarLimit))
        try demand(Int64(tar.readableBytes) == length, "the frames hold \(tar.readableBytes) of \(length) bytes")
        let part = (length / 3)..<(length - length / 3)
        let slice = tar.getSlice(at: tar.readerIndex + Int(part.lowerBound), length: part.count)
        try demand(try await reader.read(part) == slice, "a part is not what the whole has in its place")
        let sequence = try await decompressed(file.stream(0..<file.size)).collect(upTo: Int(tarLimit))
        try demand(sequence == tar, "read in sequence the archive holds something else")
        _ = try await accepted(unless: ArchiveError.self) {
            let members = TarReader(ByteStream(tar))
            while try await members.next() != nil {}
        }
    }
}
