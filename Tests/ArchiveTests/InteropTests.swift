// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Archive

/// What Holdfast writes, others read. A tool that is missing fails the test.
@Suite struct InteropTests {
    private static let samples: [Sample] = [
        Sample("plain.txt", text(100_000)),
        Sample("empty", []),
        Sample("deep/folder/noise.bin", noise(70_000)),
        Sample("ключ/日本語 🗝.txt", text(513)),
        Sample("nfd-e\u{301}", text(1)),
        Sample("nfd-\u{e9}", text(2)),
        Sample("spaces and 'quotes' + % &", text(512)),
        Sample(
            "long/" + Array(repeating: String(repeating: "é", count: 60), count: 4).joined(separator: "/"), text(1025)),
        Sample(String(repeating: "n", count: 101), text(10)),
        Sample("fraction", text(10), modified: 1_234_567_890_123),
        Sample(
            "records", text(10),
            records: [
                PaxRecord(name: "HOLDFAST.key", value: Array("records".utf8)),
                PaxRecord(name: "HOLDFAST.meta.binary", value: [1, 2, 10, 61, 200]),
                PaxRecord(name: "SCHILY.xattr.user.content-type", value: Array("text/plain; a=b".utf8)),
                PaxRecord(name: "SCHILY.xattr.user.binary", value: [1, 10, 61, 200, 255]),
            ]),
        Sample(ArchiveLayout.metadataName, Array("{}".utf8)),
        Sample(ArchiveLayout.catalogName, noise(9000)),
    ]

    private func archive(_ codec: ArchiveCodec, in scratch: Scratch) async throws -> String {
        let options = ArchiveOptions(codec: codec, frameSize: 16 << 10)
        let archive = try await writeArchive(Self.samples, options: options)
        let name = "a.\(codec.fileExtension)"
        try scratch.write(Array(archive.file.readableBytesView), to: name)
        return name
    }

    private func expectExtracted(_ scratch: Scratch, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for sample in Self.samples {
            let name = String(decoding: sample.member.name, as: UTF8.self)
            #expect(try scratch.read("out/\(name)") == sample.content, "\(name)", sourceLocation: sourceLocation)
        }
        #expect(
            FileManager.default.fileExists(atPath: scratch.url("out/.holdfast/index").path),
            sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        (ArchiveCodec.gzip, ["tar", "-xzf"]), (.zstd, ["tar", "--zstd", "-xf"]), (.gzip, ["bsdtar", "-xf"]),
        (.zstd, ["bsdtar", "-xf"]),
    ])
    func tarExtracts(codec: ArchiveCodec, command: [String]) async throws {
        let scratch = try Scratch()
        let name = try await archive(codec, in: scratch)
        try await scratch.run("mkdir", ["out"])
        try await scratch.run(command[0], Array(command.dropFirst()) + [name, "-C", "out"])
        try expectExtracted(scratch)
        let times = try await scratch.python(
            "import os; print(os.stat('out/fraction').st_mtime_ns, os.stat('out/empty').st_mtime_ns)")
        #expect(times == "1234567890123000000 1700000000000000000\n")
    }

    @Test func pythonExtracts() async throws {
        let scratch = try Scratch()
        let name = try await archive(.gzip, in: scratch)
        let output = try await scratch.python(
            """
            import sys, tarfile
            with tarfile.open(sys.argv[1]) as tar:
                tar.extractall('out', filter='data')
                member = tar.getmember('records')
                print(len(tar.getmembers()), member.pax_headers['HOLDFAST.key'], oct(member.mode), member.uid)
                print(member.pax_headers['SCHILY.xattr.user.content-type'])
            """, name)
        #expect(output == "\(Self.samples.count + 1) records 0o644 0\ntext/plain; a=b\n")
        try expectExtracted(scratch)
    }

    @Test(arguments: CompressionLevel.allCases)
    func theirOwnToolsTestThem(level: CompressionLevel) async throws {
        let scratch = try Scratch()
        for (codec, tool) in [(ArchiveCodec.gzip, "gzip"), (.zstd, "zstd")] {
            let options = ArchiveOptions(codec: codec, level: level, frameSize: 10_000)
            let written = try await writeArchive(Self.samples, options: options)
            let name = "\(level).\(codec.fileExtension)"
            try scratch.write(Array(written.file.readableBytesView), to: name)
            try await scratch.run(tool, ["-t", name])
            try await scratch.run("sh", ["-c", "\(tool) -dc \(name) > plain.tar"])
            #expect(try scratch.read("plain.tar") == (try await collect(decompressed(ByteStream(written.file)))))
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func extendedAttributesComeBack(codec: ArchiveCodec) async throws {
        let scratch = try Scratch()
        let name = try await archive(codec, in: scratch)
        try await scratch.run("mkdir", ["out"])
        try await scratch.run("tar", ["--xattrs", "--xattrs-include=user.*", "-xf", name, "-C", "out"])
        let output = try await scratch.python(
            """
            import os
            print(os.getxattr('out/records', 'user.content-type').decode(), list(os.getxattr('out/records', 'user.binary')))
            """)
        #expect(output == "text/plain; a=b [1, 10, 61, 200, 255]\n")
    }

    @Test func headersOfHugeMembersAreUnderstood() async throws {
        let scratch = try Scratch()
        var header = ByteBuffer()
        try ArchiveMember(name: Array("huge".utf8), size: 9 << 30).writeHeader(to: &header)
        try scratch.write(Array(header.readableBytesView), to: "huge.tar")
        let size = try await scratch.python(
            "import tarfile; print(tarfile.open('huge.tar', 'r|').next().size)")
        #expect(size == "\(9 << 30)\n")
        for tool in ["tar", "bsdtar"] {
            let listing = try await scratch.run(tool, ["-tvf", "huge.tar"], allowFailure: true)
            #expect(listing.contains(" \(9 << 30) "), "\(tool)")
        }
    }

    @Test func hardLinksShareTheirContent() async throws {
        let scratch = try Scratch()
        let sink = FileSink()
        let writer = ArchiveWriter(options: ArchiveOptions()) { sink.take($0) }
        let target = Array(("dir/" + String(repeating: "t", count: 150)).utf8)
        try await writer.append(ArchiveMember(name: target, size: 5), content: ByteBuffer(string: "hello"))
        try await writer.append(
            ArchiveMember(name: Array("link".utf8), kind: .hardLink(to: target)), content: ByteBuffer())
        try await writer.append(ArchiveMember(name: Array("folder/".utf8), kind: .directory), content: ByteBuffer())
        _ = try await writer.finish()
        try scratch.write(Array(sink.file.readableBytesView), to: "a.tar.gz")
        for tool in ["tar", "bsdtar"] {
            try await scratch.run("mkdir", [tool])
            try await scratch.run(tool, ["-xzf", "a.tar.gz", "-C", tool])
            #expect(try scratch.read("\(tool)/link") == Array("hello".utf8))
            let listing = try await scratch.python(
                "import os, sys; print(os.stat(sys.argv[1] + '/link').st_nlink, os.path.isdir(sys.argv[1] + '/folder'))",
                tool)
            #expect(listing == "2 True\n")
        }
    }

    /// tar keeps the last of a name, which is what abandoning a member relies on.
    @Test(arguments: ["tar", "bsdtar"])
    func abandonedMembersAreOverwritten(tool: String) async throws {
        let scratch = try Scratch()
        let sink = FileSink()
        let writer = ArchiveWriter(options: ArchiveOptions()) { sink.take($0) }
        try await writer.begin(ArchiveMember(name: Array("object".utf8), size: 5000))
        try await writer.write(ByteBuffer(string: "the first ha"))
        try await writer.abandon()
        try await writer.append(ArchiveMember(name: Array("object".utf8), size: 3), content: ByteBuffer(string: "new"))
        _ = try await writer.finish()
        try scratch.write(Array(sink.file.readableBytesView), to: "a.tar.gz")
        try await scratch.run(tool, ["-xzf", "a.tar.gz"])
        #expect(try scratch.read("object") == Array("new".utf8))
    }
}
