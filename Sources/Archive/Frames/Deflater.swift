// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CIsal

/// Makes a deflate stream (RFC 1951) of a whole piece. Used for one piece at a time.
protocol Deflater {
    /// The length of the stream written to `space`; `nil` when it does not fit there.
    func deflate(_ content: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer) -> Int?
}

/// ISA-L level 1: several times as fast as anything else, and quick to give up on noise.
final class IsalDeflater: Deflater {
    // Room for hash table and 64 Ki tokens: more than ISA-L's own default for this level.
    private static let levelBufferSize = 512 << 10

    private let stream: UnsafeMutablePointer<isal_zstream>
    private let levelBuffer: UnsafeMutablePointer<UInt8>

    init() {
        let size = MemoryLayout<isal_zstream>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: max(64, MemoryLayout<isal_zstream>.alignment))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        stream = memory.bindMemory(to: isal_zstream.self, capacity: 1)
        levelBuffer = .allocate(capacity: Self.levelBufferSize)
        levelBuffer.initialize(repeating: 0, count: Self.levelBufferSize)
    }

    deinit {
        UnsafeMutableRawPointer(stream).deallocate()
        levelBuffer.deallocate()
    }

    func deflate(_ content: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer) -> Int? {
        isal_deflate_stateless_init(stream)
        stream.pointee.level = 1
        stream.pointee.level_buf = levelBuffer
        stream.pointee.level_buf_size = UInt32(Self.levelBufferSize)
        stream.pointee.gzip_flag = UInt16(IGZIP_DEFLATE)
        stream.pointee.end_of_stream = 1
        stream.pointee.flush = UInt16(NO_FLUSH)
        // ISA-L reads the input only; its field lacks the const.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: content.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(content.count)
        stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(space.count)
        guard isal_deflate_stateless(stream) == COMP_OK, stream.pointee.avail_in == 0 else { return nil }
        return Int(stream.pointee.total_out)
    }
}

/// libdeflate at a chosen level.
final class DenseDeflater: Deflater {
    private let compressor: OpaquePointer

    init(level: Int32) throws {
        guard let compressor = libdeflate_alloc_compressor(level) else {
            throw ArchiveError.codecFailed("libdeflate level \(level) is not to be had")
        }
        self.compressor = compressor
    }

    deinit {
        libdeflate_free_compressor(compressor)
    }

    func deflate(_ content: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer) -> Int? {
        let length = libdeflate_deflate_compress(
            compressor, content.baseAddress, content.count, space.baseAddress, space.count)
        return length > 0 ? length : nil
    }
}
