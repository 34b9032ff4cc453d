// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Archive
import NIOCore
import Streams

/// An archive put together from copies that are damaged in different places: each piece from a copy that has it sound.
///
/// A piece is a frame, or a chunk of a seal, whose own checksum tells whether it is sound. Takes one byte of memory for
/// each piece, and up to 64 MiB for frames that are sound in no copy and could be mended, as much for those made again.
struct AssembledBytes: RandomAccessBytes {
    /// A damaged copy to take pieces from.
    struct Source: Sendable {
        let label: String
        let file: any RandomAccessBytes
        let finding: ArchiveFinding
        /// Where its pieces lie: added to the places in the assembled archive. Headers of seals differ in length.
        fileprivate var shift: Int64 = 0

        init(_ label: String, _ file: any RandomAccessBytes, _ finding: ArchiveFinding) {
            self.label = label
            self.file = file
            self.finding = finding
        }
    }

    private let sources: [Source]
    private let layout: Layout
    private var choices: [UInt8] = []
    /// Frames that are sound in none of the sources and were put together of several.
    private var mended: [Int: ByteBuffer] = [:]
    private static let mendedLimit = 64 << 20
    /// For each source by its label, how many pieces are not sound in it.
    private(set) var damaged: [String: Int] = [:]
    /// Pieces that are sound in no source; they are as the first source has them, or zeros where its disk has lost them.
    private var lost: Set<Int> = []

    /// Puts together what `sources` have.
    ///
    /// - Returns: `nil` when none of them tells where the pieces lie.
    static func make(from sources: [Source]) async throws -> AssembledBytes? {
        guard sources.count <= UInt8.max, let first = sources.firstIndex(where: Layout.isTold) else { return nil }
        var ordered = sources
        ordered.swapAt(0, first)
        let front = ordered[0].finding.seal
        // Bytes that were sealed apart are other bytes, whatever their name.
        ordered = ordered.filter { $0.finding.seal?.nonce == front?.nonce }
        for index in ordered.indices {
            if let front, let own = ordered[index].finding.seal {
                ordered[index].shift = own.payload.lowerBound - front.payload.lowerBound
            }
        }
        guard let layout = Layout(ordered[0]) else { return nil }
        var assembled = AssembledBytes(sources: ordered, layout: layout)
        try await assembled.choose()
        return assembled
    }

    private init(sources: [Source], layout: Layout) {
        self.sources = sources
        self.layout = layout
    }

    private mutating func choose() async throws {
        choices.reserveCapacity(layout.count)
        for piece in 0..<layout.count {
            var choice: UInt8?
            // All are asked: what a copy lacks decides whether it gains by being replaced.
            for (index, source) in sources.enumerated() {
                if try await layout.isSound(piece, in: source) {
                    choice = choice ?? UInt8(clamping: index)
                } else {
                    damaged[source.label, default: 0] += 1
                }
            }
            if choice == nil {
                if let frame = try await mend(piece) { mended[piece] = frame } else { lost.insert(piece) }
            }
            choices.append(choice ?? 0)
        }
    }

    private func mend(_ piece: Int) async throws -> ByteBuffer? {
        guard case .frames(let reader) = layout else { return nil }
        let held = mended.values.reduce(0) { $0 + $1.readableBytes }
        guard held + reader.frames[piece].fileRange.count <= Self.mendedLimit else { return nil }
        return try await MendedFrame.make(piece, of: reader, from: sources.map(\.file))
    }

    /// Puts frames in the place of those that are sound in no source.
    ///
    /// - Parameter finding: what was found in these bytes.
    /// - Returns: whether that made anything sound.
    mutating func take(_ frames: [Int: ByteBuffer], _ finding: ArchiveFinding) async throws -> Bool {
        let before = lost.count
        switch layout {
        case .frames:
            for (piece, frame) in frames where lost.remove(piece) != nil { mended[piece] = frame }
        case .chunks:
            guard let reader = finding.reader, let opened = finding.opened else { return false }
            for piece in lost {
                guard let content = Self.chunk(piece, of: opened.size, frames, reader.frames),
                    let sealed = try await seal(piece, content, opened)
                else { continue }
                lost.remove(piece)
                mended[piece] = sealed
            }
        }
        return lost.count < before
    }

    /// What a chunk of the seal held, put together of frames; `nil` where one of them is missing.
    private static func chunk(
        _ piece: Int, of size: Int64, _ frames: [Int: ByteBuffer], _ index: FrameIndex
    ) -> ByteBuffer? {
        let place = Layout.inside(piece, of: size)
        var content = ByteBuffer()
        var position = place.lowerBound
        while position < place.upperBound {
            guard let number = index.frame(atFileOffset: position), let frame = frames[number] else { return nil }
            let range = index[number].fileRange
            let end = min(place.upperBound, range.upperBound)
            let offset = frame.readerIndex + Int(position - range.lowerBound)
            guard let slice = frame.getSlice(at: offset, length: Int(end - position)) else { return nil }
            content.writeImmutableBuffer(slice)
            position = end
        }
        return content
    }

    /// The chunk as it was sealed, where its tag is left in a source and is that of this content.
    private func seal(_ piece: Int, _ content: ByteBuffer, _ opened: OpenedBytes) async throws -> ByteBuffer? {
        let end = layout.range(of: piece).upperBound
        for source in sources {
            do {
                let tag = try await source.file.read(end + source.shift - Layout.tag..<end + source.shift)
                if let sealed = try opened.sealedAgain(Int64(piece), of: content, tag: tag) { return sealed }
            } catch let error where ArchiveCheck.isLoss(error) {
                continue
            }
        }
        return nil
    }

    var size: Int64 { sources[0].file.size }

    /// How many pieces are sound nowhere.
    var lostCount: Int { lost.count }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        var result = ByteBuffer()
        var position = range.lowerBound
        while position < range.upperBound {
            let (choice, end) = place(of: position)
            let upper = min(range.upperBound, end)
            if let piece = layout.piece(at: position), let frame = mended[piece] {
                let offset = frame.readerIndex + Int(position - layout.range(of: piece).lowerBound)
                guard let slice = frame.getSlice(at: offset, length: Int(upper - position)) else {
                    throw ByteStreamError.outOfBounds(range, size: size)
                }
                result.writeImmutableBuffer(slice)
                position = upper
                continue
            }
            let shift = sources[choice].shift
            do {
                result.writeImmutableBuffer(try await sources[choice].file.read(position + shift..<upper + shift))
            } catch let error where ArchiveCheck.isLoss(error) {
                guard let piece = layout.piece(at: position), lost.contains(piece) else { throw error }
                result.writeRepeatingByte(0, count: Int(upper - position))
            }
            position = upper
        }
        return result
    }

    /// Who has the byte at a place, and up to where.
    private func place(of offset: Int64) -> (source: Int, end: Int64) {
        guard let piece = layout.piece(at: offset) else {
            // Before the first piece, or behind the last: the first source's own, which was opened by it.
            return (0, offset < layout.start ? layout.start : size)
        }
        return (Int(choices[piece]), layout.range(of: piece).upperBound)
    }
}

/// Where the pieces of an archive lie.
private enum Layout: Sendable {
    case frames(ArchiveReader)
    /// Chunks of 64 KiB and a tag each, behind header and nonce.
    case chunks(in: Range<Int64>)

    static let tag: Int64 = 16
    private static let chunk: Int64 = 64 << 10
    private static let sealedChunk: Int64 = 64 << 10 + 16
    private static let nonce: Int64 = 16

    /// Where the content of a chunk lies within the seal.
    static func inside(_ piece: Int, of size: Int64) -> Range<Int64> {
        Int64(piece) * chunk..<min(Int64(piece + 1) * chunk, size)
    }

    /// Whether the source knows: its index, or the end of its seal, was read.
    static func isTold(by source: AssembledBytes.Source) -> Bool { Layout(source) != nil }

    init?(_ source: AssembledBytes.Source) {
        guard let reader = source.finding.reader else { return nil }
        if let seal = source.finding.seal {
            self = .chunks(in: seal.payload.lowerBound + Self.nonce..<seal.payload.upperBound)
        } else {
            self = .frames(reader)
        }
    }

    var start: Int64 {
        switch self {
        case .frames: 0
        case .chunks(let range): range.lowerBound
        }
    }

    var count: Int {
        switch self {
        case .frames(let reader): reader.frames.count
        case .chunks(let range): Int((Int64(range.count) + Self.sealedChunk - 1) / Self.sealedChunk)
        }
    }

    func range(of piece: Int) -> Range<Int64> {
        switch self {
        case .frames(let reader): return reader.frames[piece].fileRange
        case .chunks(let range):
            let start = range.lowerBound + Int64(piece) * Self.sealedChunk
            return start..<min(start + Self.sealedChunk, range.upperBound)
        }
    }

    func piece(at offset: Int64) -> Int? {
        switch self {
        case .frames(let reader): reader.frames.frame(atFileOffset: offset)
        case .chunks(let range):
            range.contains(offset) ? Int((offset - range.lowerBound) / Self.sealedChunk) : nil
        }
    }

    /// Reads a piece in a source and looks at its checksum.
    func isSound(_ piece: Int, in source: AssembledBytes.Source) async throws -> Bool {
        do {
            switch self {
            case .frames(let reader):
                _ = try await reader.checkedFrame(piece, from: source.file)
            case .chunks:
                guard let inside = source.finding.inside else { return false }
                let length = Int64(range(of: piece).count) - 16
                let start = Int64(piece) * Self.chunk
                _ = try await inside.read(start..<start + length)
            }
            return true
        } catch let error where ArchiveCheck.isLoss(error) {
            return false
        }
    }
}
