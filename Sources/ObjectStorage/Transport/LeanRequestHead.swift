// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// Request line and headers as they go over the wire.
enum LeanRequestHead {
    /// Writes the head into one buffer, header values byte for byte.
    ///
    /// - Throws: ``ObjectStoreError`` with `.badRequest` when a value could end its line, and so smuggle in another.
    static func encode(_ request: WireRequest) throws -> ByteBuffer {
        var size = request.method.utf8.count + request.target.utf8.count + 64
        for field in request.headers { size += field.name.utf8.count + field.value.count + 4 }
        var head = ByteBufferAllocator().buffer(capacity: size)
        guard request.target.utf8.first == UInt8(ascii: "/"), request.target.utf8.allSatisfy({ $0 > 32 && $0 != 127 }),
            request.method.utf8.allSatisfy({ (65...90).contains($0) })
        else {
            throw ObjectStoreError(.badRequest, "a request line that HTTP does not allow: \(request.method)")
        }
        head.writeString(request.method)
        head.writeInteger(UInt8(ascii: " "))
        head.writeString(request.target)
        head.writeStaticString(" HTTP/1.1\r\n")
        for field in request.headers {
            guard field.value.allSatisfy({ $0 != 13 && $0 != 10 && $0 != 0 }),
                field.name.utf8.allSatisfy({ $0 > 32 && $0 != 58 && $0 < 127 }), !field.name.isEmpty
            else {
                throw ObjectStoreError(.badRequest, "the header \(field.name) has a line end in it")
            }
            head.writeString(field.name)
            head.writeStaticString(": ")
            head.writeBytes(field.value)
            head.writeStaticString("\r\n")
        }
        if let length = request.body?.length {
            head.writeString("content-length: \(length)\r\n")
        } else if request.method == "PUT" || request.method == "POST" {
            head.writeStaticString("content-length: 0\r\n")
        }
        head.writeStaticString("\r\n")
        return head
    }
}
