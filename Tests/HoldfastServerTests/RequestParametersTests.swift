// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HoldfastServer

@Suite("Parameters of the older API")
struct RequestParametersTests {
    private func read(_ query: String?, _ body: String = "") -> RequestParameters {
        RequestParameters(query: query, body: Data(body.utf8))
    }

    @Test("The query counts before the body, the last of two counts, and an empty text counts as none")
    func order() throws {
        #expect(try read("a=1&a=2", #"{"a": "3"}"#).text("a") == "2")
        #expect(try read(nil, #"{"a": "3"}"#).text("a") == "3")
        #expect(try read("a=").text("a") == nil)
        #expect(try read("", #"{"a": null}"#).text("a") == nil)
        #expect(try read("b=x%20y+z%2B&%61=%C3%B6").text("b") == "x y z+")
        #expect(try read("b=x&%61=%C3%B6").text("a") == "ö")
        #expect(throws: RequestParameters.Invalid.self) { try read("a=").required("a") }
        #expect(throws: RequestParameters.Invalid.self) { try read(nil, #"{"a": 5}"#).text("a") }
    }

    @Test(
        "Bodies that are no JSON object are no parameters, as they never were", arguments: ["[1]", "null", "{", "x=1"])
    func otherBodies(_ body: String) throws {
        #expect(try read(nil, body).text("x") == nil)
    }

    @Test("Every word for yes and no", arguments: ["true", "1", "yes", "on", "y", "t", "TRUE", "Yes"])
    func yes(_ word: String) throws {
        #expect(try read("f=\(word)").flag("f", default: false))
        #expect(try read(nil, #"{"f": "\#(word)"}"#).flag("f", default: false))
        #expect(try read(nil, #"{"f": true}"#).flag("f", default: false))
    }

    @Test("And no other word", arguments: ["", "2", "ja", "truee"])
    func neither(_ word: String) throws {
        #expect(throws: RequestParameters.Invalid.self) { try read("f=\(word)").flag("f", default: false) }
        #expect(try !read("f=off").flag("f", default: true))
        #expect(try read("g=x").flag("f", default: true))
    }
}

@Suite("Times and amounts of the older API")
struct ContractTimeTests {
    @Test func times() {
        #expect(ContractTime.utc(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00")
        #expect(ContractTime.utc(Date(timeIntervalSince1970: 1_766_465_883.123456)) == "2025-12-23T04:58:03.123456")
        #expect(ContractTime.utc(Date(timeIntervalSince1970: 0.000005)) == "1970-01-01T00:00:00.000005")
        #expect(ContractTime.listed(Date(timeIntervalSince1970: 60)) == "1970-01-01T00:01:00+00:00")
    }

    @Test func amounts() {
        #expect(ContractTime.mebibytes(5_242) == 0.0)
        #expect(ContractTime.mebibytes(5_243) == 0.01)
        #expect(ContractTime.mebibytes(1_572_864) == 1.5)
    }
}
