// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("What is written")
struct OutputTests {
    @Test("Tables align and end without blanks")
    func table() {
        var table = Table([("NAME", .left), ("SIZE", .right), ("STATE", .left)])
        table.add(["a", "1.0 KiB", "complete"])
        table.add(["longer", "5 B", ""])
        #expect(table.lines == ["NAME       SIZE  STATE", "a       1.0 KiB  complete", "longer      5 B"])
    }

    @Test(
        "Nothing that a name holds reaches the terminal but as text",
        arguments: [
            ("plain é 漢", "plain é 漢"), ("a\u{1B}[2Jb", #"a\x1b[2Jb"#), ("tab\tnull\0", #"tab\x09null\x00"#),
            ("two\nlines", "two\nlines"), ("\u{202E}gpj", #"\xe2\x80\xaegpj"#), ("\u{9B}1m", #"\xc2\x9b1m"#),
        ])
    func printable(_ text: String, _ expected: String) {
        #expect(PrintableText.printable(text) == expected)
    }

    @Test("A reader that has gone is told apart from a failure")
    func closedPipe() async throws {
        StandardOutput.surviveClosedPipes()
        let pipe = try FileDescriptor.pipe()
        try pipe.readEnd.close()
        let output = StandardOutput(pipe.writeEnd)
        await #expect(throws: OutputError.closed) { try await output.print("to nobody") }
        #expect(throws: OutputError.closed) { try output.writeBlocking(ByteBuffer(string: "to nobody")) }
        try pipe.writeEnd.close()
    }

    @Test("Lines come out whole and in order, blocks later than lines")
    func pages() async throws {
        let captured = try CapturedFile()
        var page = captured.output.page()
        for number in 0..<9000 { try await page.add("line \(number)") }
        let early = try captured.text()
        #expect(early.utf8.count > 32 << 10 && !early.contains("line 8999\n"))
        try await page.flush()
        #expect(try captured.text() == (0..<9000).map { "line \($0)\n" }.joined())
    }

    @Test("A long list is one JSON document, empty or not", arguments: [0, 1, 3])
    func listDocument(_ count: Int) async throws {
        let captured = try CapturedFile()
        var document = try await JSONListDocument(captured.output, head: ["name": "a \"b\""], list: "items")
        for number in 0..<count { try await document.add(["number": number]) }
        try await document.finish(["count": count])
        let value = try JSONSerialization.jsonObject(with: Data(try captured.text().utf8))
        let object = try #require(value as? [String: Any])
        #expect(object["name"] as? String == "a \"b\"")
        #expect(object["count"] as? Int == count)
        #expect((object["items"] as? [[String: Int]])?.map { $0["number"] } == Array(0..<count))
    }

    @Test("A partial file is gone when its content is not right, and the old one stays")
    func partialFile() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path.appending("out")
        try await PartialFile.write(path) { try await $0.write(ByteBuffer(string: "first")) }
        #expect(try directory.contents() == ["out": "first"])
        await #expect(throws: HoldfastError.self) {
            try await PartialFile.write(path) { file in
                try await file.write(ByteBuffer(string: "second"))
                throw HoldfastError(.corrupt, "not what was backed up")
            }
        }
        #expect(try directory.contents() == ["out": "first"])
        let nowhere = directory.path.appending("no/such/out")
        let error = await #expect(throws: HoldfastError.self) { try await PartialFile.write(nowhere) { _ in } }
        #expect(error?.message.contains(nowhere.string) == true)
    }
}
