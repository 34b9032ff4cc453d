// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Keys of objects in holdfast.yaml")
struct CustomerKeyConfigurationTests {
    private static let raw = (0..<32).map { UInt8($0) | 0x80 }

    private static func places(_ key: [UInt8]?, endpoint: String = "https://s3.example.com") -> Places {
        var places = Places.minio
        places.environment["MINIO_ENDPOINT"] = endpoint
        places.files["/home/ada/.config/holdfast/holdfast.yaml"] = """
            customer_keys:
              - objects: photos/private/*
                key_file: private.key
            """
        places.bytes["/home/ada/.config/holdfast/private.key"] = key
        return places
    }

    @Test func aKeyIsRawOrInBase64() throws {
        let key = try #require(CustomerKey(Self.raw))
        let base64 = Data(Self.raw).base64EncodedString()
        for bytes in [Self.raw, Array(base64.utf8), Array((base64 + "\n").utf8)] {
            let keys = try #require(try Self.places(bytes).resolve().configuration.source?.customerKeys)
            #expect(keys == CustomerKeys([.init(glob: "photos/private/*", key: key)]))
            #expect(keys.key(of: ObjectKey("private/a/b"), in: "photos") == key)
            #expect(keys.key(of: ObjectKey("public/a"), in: "photos") == nil)
            #expect(keys.key(of: ObjectKey("private/a"), in: "other") == nil)
            // Whoever prints it sees nothing.
            var dumped = ""
            dump(keys, to: &dumped)
            #expect(!dumped.contains(base64) && !"\(keys)".contains(base64))
        }
    }

    @Test(
        arguments: [
            nil, [], Array("short".utf8), Array(repeating: 7, count: 33), Array("QUJD".utf8),
            Array(String(repeating: "z", count: 44).utf8),
        ] as [[UInt8]?])
    func whatIsNoKeyIsRefusedAndNotRepeated(bytes: [UInt8]?) throws {
        let error = try #require(try Self.places(bytes).refusal())
        #expect(error.code == .invalidConfiguration && error.message.contains("private.key"))
        #expect(!error.description.contains("short") && !error.description.contains("QUJD"))
    }

    @Test func itDoesNotGoInTheClear() throws {
        let error = try #require(try Self.places(Self.raw, endpoint: "http://minio:9000").refusal())
        #expect(error.message.contains("in the clear"))
        for endpoint in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            #expect(try Self.places(Self.raw, endpoint: endpoint).refusal() == nil, "\(endpoint)")
        }
        #expect(try Self.places(Self.raw, endpoint: "http://127.example.com").refusal() != nil)
    }

    @Test func itIsToBeReadByNobodyElse() throws {
        var places = Self.places(Self.raw)
        places.mode = 0o644
        #expect(try places.resolve().warnings.contains { $0.contains("private.key, which holds a customer key") })
    }
}
