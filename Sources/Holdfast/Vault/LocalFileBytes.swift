// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Streams
package import SystemPackage

/// Random access to a local file. The file stays open for the life of the value.
package final class LocalFileBytes: RandomAccessBytes {
    package let size: Int64
    private let descriptor: SystemPackage.FileDescriptor
    private let path: FilePath

    /// Opens `path` for reading; a symbolic link in the last component is refused.
    package init(_ path: FilePath) async throws {
        self.path = path
        (descriptor, size) = try await FileThread.run {
            try HoldfastError.withFile("open", path) {
                let file = try SystemPackage.FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec])
                do {
                    return (file, try file.seek(offset: 0, from: .end))
                } catch {
                    try? file.close()
                    throw error
                }
            }
        }
    }

    deinit {
        try? descriptor.close()
    }

    package func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        return try await FileThread.run { [self] in
            try HoldfastError.withFile("read", path) {
                var buffer = ByteBufferAllocator().buffer(capacity: range.count)
                var position = range.lowerBound
                while position < range.upperBound {
                    let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { space in
                        try descriptor.read(
                            fromAbsoluteOffset: position,
                            into: UnsafeMutableRawBufferPointer(
                                rebasing: space.prefix(Int(range.upperBound - position))))
                    }
                    guard count > 0 else {
                        throw ByteStreamError.endedEarly(
                            wanted: Int64(range.count), got: position - range.lowerBound)
                    }
                    position += Int64(count)
                }
                return buffer
            }
        }
    }
}
