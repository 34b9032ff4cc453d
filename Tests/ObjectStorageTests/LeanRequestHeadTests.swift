// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct LeanRequestHeadTests {
    private func request(
        _ method: String = "GET", _ target: String = "/bucket/key", _ headers: [Field] = [],
        _ body: ReplayableBody? = nil
    ) -> WireRequest {
        WireRequest(method: method, host: "h", port: 1, isTLS: false, target: target, headers: headers, body: body)
    }

    @Test("headers go out in order, byte for byte, and content-length comes last")
    func bytes() throws {
        let headers = [Field("host", "h:1"), Field("x-amz-meta-a", [0xFF, 0x20, 0xE9]), Field("empty", "")]
        let head = try LeanRequestHead.encode(
            request("PUT", "/b/k?x=%FF", headers, ReplayableBody(ByteBuffer(string: "four"))))
        var wanted = Array("PUT /b/k?x=%FF HTTP/1.1\r\nhost: h:1\r\nx-amz-meta-a: ".utf8)
        wanted += [0xFF, 0x20, 0xE9] + Array("\r\nempty: \r\ncontent-length: 4\r\n\r\n".utf8)
        #expect(Array(head.readableBytesView) == wanted)
    }

    @Test(
        "a length is told where one is expected",
        arguments: [("GET", false), ("HEAD", false), ("DELETE", false), ("PUT", true), ("POST", true)])
    func lengths(method: String, isTold: Bool) throws {
        let head = String(buffer: try LeanRequestHead.encode(request(method)))
        #expect(head.contains("content-length: 0\r\n") == isTold)
    }

    @Test("nothing can end a line and begin another")
    func injection() {
        for bad in [
            request("GET", "/a b"), request("GET", "/a\r\nx: y"), request("GET", "no-slash"), request("GET\r\n"),
            request("get"), request("GET", "/", [Field("a", "b\r\nc: d")]), request("GET", "/", [Field("a", "b\nc")]),
            request("GET", "/", [Field("a", [0])]), request("GET", "/", [Field("a: b\r\nc", "d")]),
            request("GET", "/", [Field("", "d")]),
        ] {
            let error = #expect(throws: ObjectStoreError.self) { try LeanRequestHead.encode(bad) }
            #expect(error?.code == .badRequest)
        }
    }
}
