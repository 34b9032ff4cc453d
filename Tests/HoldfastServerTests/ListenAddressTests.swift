// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Testing

@testable import HoldfastServer

@Suite("Addresses to listen at")
struct ListenAddressTests {
    @Test(
        "Loopback addresses are accepted",
        arguments: [
            ("127.0.0.1:8090", "http://127.0.0.1:8090"), ("localhost:80", "http://127.0.0.1:80"),
            ("[::1]:8090", "http://[::1]:8090"), ("127.1.2.3:0", "http://127.1.2.3:0"),
        ])
    func accepted(_ text: String, _ url: String) throws {
        let address = try ListenAddress(text)
        #expect(address.url(port: address.port) == url)
    }

    @Test(
        "Anything that others can reach, or that is no address, is refused",
        arguments: [
            "0.0.0.0:8090", ":8090", "[::]:8090", "192.168.1.5:8090", "example.com:80", "127.0.0.1", "8090", "",
            "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1.example.com:80", "127.0.0:80", "127.0.0.+1:80",
            "127.0.0.256:80", "::1:8090", "127.0.0.1:80 ",
        ])
    func refused(_ text: String) throws {
        let error = try #require(throws: HoldfastError.self) { try ListenAddress(text) }
        #expect(error.code == .invalidConfiguration)
    }

    @Test(
        "Where what is sent is encrypted, others may reach it", arguments: ["0.0.0.0:8443", "[::]:8443", "10.1.2.3:1"])
    func reachable(_ text: String) throws {
        let address = try ListenAddress(text, isSafe: true)
        #expect(address.url(port: address.port, isEncrypted: true) == "https://\(text)")
        #expect(throws: HoldfastError.self) { try ListenAddress("example.com:80", isSafe: true) }
    }
}
