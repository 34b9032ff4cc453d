// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CIsal
import NIOCore

/// Decompresses gzip members in a row (RFC 1952, 2.2) with ISA-L, which checks their checksums.
///
/// `@unchecked Sendable`: its iterator awaits each step before the next.
final class GzipStreamDecoder: StreamDecoder, @unchecked Sendable {
    private enum Place {
        case header
        case member
        case betweenMembers
        /// Zeros behind the last member, as tapes and block devices leave them.
        case padding
    }

    private let state: UnsafeMutablePointer<inflate_state>
    private var place = Place.betweenMembers
    /// The beginning of a header whose rest has not come.
    private var headerSoFar = ByteBuffer()

    var isComplete: Bool { place == .betweenMembers || place == .padding }

    init() {
        let size = MemoryLayout<inflate_state>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: max(64, MemoryLayout<inflate_state>.alignment))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        state = memory.bindMemory(to: inflate_state.self, capacity: 1)
    }

    deinit {
        UnsafeMutableRawPointer(state).deallocate()
    }

    func decode(_ input: inout ByteBuffer, into output: inout ByteBuffer, limit: Int) throws -> Bool {
        while true {
            switch place {
            case .padding:
                guard input.readableBytesView.allSatisfy({ $0 == 0 }) else {
                    throw ArchiveError.corrupt("something other than zeros follows the last gzip member")
                }
                input.moveReaderIndex(forwardBy: input.readableBytes)
                return false
            case .betweenMembers:
                guard let first = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return false }
                switch first {
                case 0: place = .padding
                case 0x1f: place = .header
                default: throw ArchiveError.corrupt("something that is not gzip follows a gzip member")
                }
            case .header:
                guard try skipHeader(&input) else { return false }
                isal_inflate_init(state)
                state.pointee.crc_flag = UInt32(ISAL_GZIP_NO_HDR_VER)
                place = .member
            case .member:
                let full = try inflate(&input, into: &output, limit: limit)
                if state.pointee.block_state == ISAL_BLOCK_FINISH {
                    place = .betweenMembers
                } else {
                    return full
                }
            }
        }
    }

    /// Passes over a header, also one that comes in pieces; whether its end was reached.
    ///
    /// ISA-L could do it, but 2.30 finds header checksums wrong when the header comes in pieces.
    private func skipHeader(_ input: inout ByteBuffer) throws -> Bool {
        headerSoFar.writeBuffer(&input)
        guard let length = try GzipHeader.length(in: headerSoFar) else {
            guard headerSoFar.readableBytes <= GzipHeader.longest else {
                throw ArchiveError.corrupt("a gzip header is longer than 256 KiB")
            }
            return false
        }
        headerSoFar.moveReaderIndex(forwardBy: length)
        input = headerSoFar
        headerSoFar = ByteBuffer()
        return true
    }

    /// One call of ISA-L; whether it stopped because `output` is full.
    private func inflate(_ input: inout ByteBuffer, into output: inout ByteBuffer, limit: Int) throws -> Bool {
        let room = limit - output.readableBytes
        var result: Int32 = 0
        let consumed = input.withUnsafeReadableBytes { source in
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                // ISA-L reads the input only; its field lacks the const.
                state.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                state.pointee.avail_in = UInt32(source.count)
                state.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                state.pointee.avail_out = UInt32(room)
                result = isal_inflate(state)
                // Damaged data leave the counts short by the margins of its inner loop: numbers near 2^32.
                return result == ISAL_DECOMP_OK ? room - Int(state.pointee.avail_out) : 0
            }
            return result == ISAL_DECOMP_OK ? source.count - Int(state.pointee.avail_in) : 0
        }
        input.moveReaderIndex(forwardBy: consumed)
        guard result == ISAL_DECOMP_OK else {
            throw ArchiveError.corrupt(
                result == ISAL_INCORRECT_CHECKSUM ? "a gzip member does not match its checksum" : "gzip data is damaged"
            )
        }
        return state.pointee.avail_out == 0
    }
}
