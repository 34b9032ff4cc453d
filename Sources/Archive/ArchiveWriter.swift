// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What a finished archive measures.
package struct ArchiveSummary: Hashable, Sendable {
    /// Bytes given to the sink.
    package let fileLength: Int64
    /// Bytes of tar stream, the index and the two zero blocks at the end included.
    package let tarLength: Int64
    /// Frames, those that hold the index included.
    package let frameCount: Int
}

/// Writes one archive, member after member; frames are compressed on all cores and leave in order.
///
/// Memory: `(parallelism + 2) * 2` frames, whatever the members' sizes. Killed at any moment it leaves a file without
/// a footer, which no reader takes for an archive; what stands in it can be recovered by ``recoverFrames(_:)``.
///
/// Not `Sendable`: used by one task in sequence. After an error of the sink every call throws that error.
package final class ArchiveWriter {
    /// Bytes of tar stream so far: where the next header, or the next byte of an open member, goes.
    package private(set) var tarOffset: Int64

    /// Whether no member is open: what was written so far stands as it is.
    package var isBetweenMembers: Bool { open == nil }

    private let options: ArchiveOptions
    private let pieceLength: Int
    private let pipeline: FramePipeline
    private let sink: @Sendable (ByteBuffer) async throws -> Void
    private var piece: ByteBuffer
    /// The header of the current member while it is assembled; kept for its capacity.
    private var header = ByteBuffer()
    private var open: OpenMember?
    private var finished = false
    private var lastModified: Int64 = 0
    private var catalog: Range<Int64>?
    private var metadata: Range<Int64>?

    private struct OpenMember {
        let name: [UInt8]
        let extent: Range<Int64>
    }

    /// Begins an archive, or goes on with one.
    ///
    /// - Parameters:
    ///   - frames: what another writer's ``checkpoint()`` returned; the sink gets what follows them.
    ///   - sink: gets the bytes of the file in order, one call at a time, a frame a call (up to 64 MiB), on no
    ///     particular task. What it throws is thrown by the next call of the writer. It may keep the buffer; a buffer
    ///     that is let go when it returns is used again.
    package init(
        options: ArchiveOptions, continuing frames: FrameIndex = FrameIndex(),
        sink: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.options = options
        self.sink = sink
        pieceLength = options.pieceLength
        pipeline = FramePipeline(options: options, continuing: frames, sink: sink)
        tarOffset = frames.tarLength
        piece = pipeline.makePiece()
    }

    /// Writes a member whose content is in memory.
    ///
    /// - Returns: where the content lies in the tar stream.
    /// - Throws: ``ArchiveError/invalidMember(_:)`` when the content is not `member.size` bytes long, or the member
    ///   cannot be written; nothing is written then. What the sink threw.
    @discardableResult
    package func append(_ member: ArchiveMember, content: ByteBuffer) async throws -> Range<Int64> {
        guard Int64(content.readableBytes) == member.size else {
            throw ArchiveError.invalidMember("\(content.readableBytes) bytes were given for its size of \(member.size)")
        }
        try await begin(member)
        try await put(content)
        return try await end()
    }

    /// Writes the header of a member; its content follows by ``write(_:)``, up to ``end()`` or ``abandon()``.
    ///
    /// - Throws: ``ArchiveError/invalidMember(_:)`` when the member cannot be written (nothing is, then);
    ///   ``ArchiveError/wrongOrder(_:)`` within another member; what the sink threw.
    package func begin(_ member: ArchiveMember) async throws {
        try pipeline.throwFailure()
        guard open == nil, !finished else {
            throw ArchiveError.wrongOrder("a member was begun within another, or after finish()")
        }
        header.clear()
        try member.writeHeader(to: &header)
        try await put(header)
        lastModified = member.modified
        open = OpenMember(name: member.name, extent: tarOffset..<(tarOffset + member.size))
    }

    /// Writes the next piece of the open member's content.
    ///
    /// - Throws: ``ArchiveError/invalidMember(_:)`` when that would be more than its size, and nothing is written;
    ///   ``ArchiveError/wrongOrder(_:)`` without an open member; what the sink threw.
    package func write(_ piece: ByteBuffer) async throws {
        let member = try openMember()
        guard Int64(piece.readableBytes) <= member.extent.upperBound - tarOffset else {
            throw ArchiveError.invalidMember("more content came than its size of \(member.extent.count) bytes")
        }
        try await put(piece)
    }

    /// Ends the open member.
    ///
    /// - Returns: where its content lies in the tar stream.
    /// - Throws: ``ArchiveError/invalidMember(_:)`` when fewer bytes were written than its size; it stays open, for more
    ///   or for ``abandon()``. ``ArchiveError/wrongOrder(_:)`` without an open member; what the sink threw.
    @discardableResult
    package func end() async throws -> Range<Int64> {
        let member = try openMember()
        guard tarOffset == member.extent.upperBound else {
            throw ArchiveError.invalidMember(
                "\(tarOffset - member.extent.lowerBound) bytes came of its size of \(member.extent.count)")
        }
        try await putZeros(Int64(UstarBlock.padding(after: Int64(member.extent.count))))
        if member.name.elementsEqual(ArchiveLayout.catalogName.utf8) { catalog = member.extent }
        if member.name.elementsEqual(ArchiveLayout.metadataName.utf8) { metadata = member.extent }
        open = nil
        return member.extent
    }

    /// Fills the open member with zeros to its size, because its object changed while it was read. The caller writes the
    /// object again under the same name: extraction keeps the last of a name.
    ///
    /// - Throws: ``ArchiveError/wrongOrder(_:)`` without an open member; what the sink threw.
    package func abandon() async throws {
        let member = try openMember()
        try await putZeros(member.extent.upperBound - tarOffset)
        try await putZeros(Int64(UstarBlock.padding(after: Int64(member.extent.count))))
        open = nil
    }

    /// Writes the index, the end of the tar stream and the footer, and waits until the sink has them all.
    ///
    /// - Throws: ``ArchiveError/wrongOrder(_:)`` within a member or a second time; what the sink threw.
    package func finish() async throws -> ArchiveSummary {
        try pipeline.throwFailure()
        guard open == nil, !finished else {
            throw ArchiveError.wrongOrder("finish() was called within a member, or twice")
        }
        // The index tells the lengths of all frames before its own, and its own begin with it, for the footer.
        try await flush()
        let index = ArchiveIndex(frames: pipeline.frames, catalog: catalog, metadata: metadata).encoded()
        let start = pipeline.frames.fileLength
        // A time that its ustar header can hold: the footer points at that header, and nothing may stand before it.
        let seconds = min(max(lastModified / 1000, 0), UstarBlock.largestNumber)
        try await append(
            ArchiveMember(
                name: Array(ArchiveLayout.indexName.utf8), size: Int64(index.readableBytes), modified: seconds * 1000),
            content: index)
        try await putZeros(2 * Int64(UstarBlock.length))
        try await flush()
        finished = true
        let footer = ArchiveFooter(indexFrames: start..<pipeline.frames.fileLength).encoded(options.codec)
        try await sink(footer)
        return ArchiveSummary(
            fileLength: pipeline.frames.fileLength + Int64(footer.readableBytes), tarLength: tarOffset,
            frameCount: pipeline.frames.count)
    }

    /// Ends the current frame and waits until the sink has taken everything: from here another writer can go on.
    ///
    /// - Returns: the frames so far, which end at ``tarOffset``.
    /// - Throws: ``ArchiveError/wrongOrder(_:)`` within a member or after ``finish()``; what the sink threw.
    package func checkpoint() async throws -> FrameIndex {
        guard open == nil, !finished else {
            throw ArchiveError.wrongOrder("checkpoint() was called within a member, or after finish()")
        }
        try await flush()
        return pipeline.frames
    }

    /// Stops: on return no compression runs and the sink is not called any more. Every later call throws.
    package func cancel() async {
        await pipeline.cancel()
    }

    private func openMember() throws -> OpenMember {
        try pipeline.throwFailure()
        guard let open else { throw ArchiveError.wrongOrder("content was given without a member") }
        return open
    }

    private func put(_ bytes: ByteBuffer) async throws {
        tarOffset += Int64(bytes.readableBytes)
        if bytes.readableBytes < pieceLength - piece.readableBytes {
            piece.writeImmutableBuffer(bytes)
            return
        }
        var rest = bytes
        while let part = rest.readSlice(length: min(rest.readableBytes, pieceLength - piece.readableBytes)) {
            piece.writeImmutableBuffer(part)
            guard piece.readableBytes == pieceLength else { return }
            try await submitPiece()
        }
    }

    private func putZeros(_ count: Int64) async throws {
        tarOffset += count
        var left = count
        while left > 0 {
            let part = Int(min(left, Int64(pieceLength - piece.readableBytes)))
            piece.writeRepeatingByte(0, count: part)
            left -= Int64(part)
            if piece.readableBytes == pieceLength { try await submitPiece() }
        }
    }

    private func submitPiece() async throws {
        try await pipeline.submit(piece)
        piece = pipeline.makePiece()
    }

    /// Ends the current frame, unless it is empty, and waits until the sink has all frames.
    private func flush() async throws {
        if piece.readableBytes > 0 { try await submitPiece() }
        try await pipeline.drain()
    }
}
