// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import NIOCore
import Streams
import Synchronization

/// A member and its content.
struct Sample: Sendable {
    let member: ArchiveMember
    let content: [UInt8]

    init(_ name: String, _ content: [UInt8], modified: Int64 = 1_700_000_000_000, records: [PaxRecord] = []) {
        self.init(Array(name.utf8), content, modified: modified, records: records)
    }

    init(_ name: [UInt8], _ content: [UInt8], modified: Int64 = 1_700_000_000_000, records: [PaxRecord] = []) {
        member = ArchiveMember(name: name, size: Int64(content.count), modified: modified, records: records)
        self.content = content
    }
}

/// Keeps what a writer gives it.
final class FileSink: Sendable {
    private let bytes = Mutex(ByteBuffer())

    var file: ByteBuffer { bytes.withLock { $0 } }

    func take(_ buffer: ByteBuffer) {
        bytes.withLock { _ = $0.writeImmutableBuffer(buffer) }
    }
}

struct WrittenArchive: Sendable {
    let file: ByteBuffer
    let extents: [Range<Int64>]
    let summary: ArchiveSummary
}

/// An archive of the samples, written member by member; every third in pieces of 700 bytes.
func writeArchive(_ samples: [Sample], options: ArchiveOptions) async throws -> WrittenArchive {
    let sink = FileSink()
    let writer = ArchiveWriter(options: options) { sink.take($0) }
    var extents: [Range<Int64>] = []
    for (index, sample) in samples.enumerated() {
        guard index % 3 == 2 else {
            extents.append(try await writer.append(sample.member, content: ByteBuffer(bytes: sample.content)))
            continue
        }
        try await writer.begin(sample.member)
        for start in stride(from: 0, to: sample.content.count, by: 700) {
            let end = min(start + 700, sample.content.count)
            try await writer.write(ByteBuffer(bytes: sample.content[start..<end]))
        }
        extents.append(try await writer.end())
    }
    let summary = try await writer.finish()
    return WrittenArchive(file: sink.file, extents: extents, summary: summary)
}

/// Every member of a tar stream with its content, and whether the end was proper.
func readTar(_ tar: ByteStream) async throws -> (samples: [(member: ArchiveMember, content: [UInt8])], proper: Bool) {
    let reader = TarReader(tar)
    var samples: [(member: ArchiveMember, content: [UInt8])] = []
    while let member = try await reader.next() {
        var content: [UInt8] = []
        while let piece = try await reader.readPiece() { content += piece.readableBytesView }
        samples.append((member, content))
    }
    return (samples, reader.endedProperly)
}

/// A stream of `buffer` in pieces of `length` bytes.
func pieces(of buffer: ByteBuffer, length: Int) -> ByteStream {
    let rest = Mutex(buffer)
    return ByteStream(pull: {
        rest.withLock { rest in
            rest.readableBytes == 0 ? nil : rest.readSlice(length: min(length, rest.readableBytes))
        }
    })
}

func collect(_ stream: ByteStream) async throws -> [UInt8] {
    Array(try await stream.collect(upTo: 1 << 30).readableBytesView)
}
