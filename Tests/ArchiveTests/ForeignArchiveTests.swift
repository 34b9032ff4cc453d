// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Archive

/// What others write, Holdfast reads. A tool that is missing fails the test.
@Suite struct ForeignArchiveTests {
    private static let long = Array(repeating: String(repeating: "d", count: 60), count: 3).joined(separator: "/")
    private static let files: [(name: String, content: [UInt8])] = [
        ("plain.txt", text(100_000)), ("empty", []), ("deep/folder/noise.bin", noise(70_000)), ("ключ.txt", text(513)),
        (String(repeating: "n", count: 97), text(512)),
    ]

    /// A folder `tree` with the files, a symbolic link and, where the format allows, a path of 200 bytes.
    private func makeTree(longPath: Bool) async throws -> Scratch {
        let scratch = try Scratch()
        for (name, content) in Self.files { try scratch.write(content, to: "tree/\(name)") }
        if longPath { try scratch.write(text(77), to: "tree/\(Self.long)/file") }
        try await scratch.run("ln", ["-s", "plain.txt", "tree/link"])
        try await scratch.run("ln", ["tree/plain.txt", "tree/zz-hard"])
        return scratch
    }

    private func expectTree(
        in file: [UInt8], longPath: Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await readTar(decompressed(pieces(of: ByteBuffer(bytes: file), length: 5000)))
        #expect(found.proper, sourceLocation: sourceLocation)
        var contents: [String: [UInt8]] = [:]
        var kinds: [String: ArchiveMember.Kind] = [:]
        for (member, content) in found.samples {
            var name = String(decoding: member.name, as: UTF8.self)
            if name.hasPrefix("./") { name.removeFirst(2) }
            contents[name] = content
            kinds[name] = member.kind
            #expect(member.modified > 1_000_000_000_000, "\(name)", sourceLocation: sourceLocation)
        }
        // The first of two hard links has the content, whichever that is.
        if case .hardLink(let target)? = kinds["plain.txt"] {
            #expect(String(decoding: target, as: UTF8.self).hasSuffix("zz-hard"), sourceLocation: sourceLocation)
            contents["plain.txt"] = contents["zz-hard"]
        } else if case .hardLink(let target)? = kinds["zz-hard"] {
            #expect(String(decoding: target, as: UTF8.self).hasSuffix("plain.txt"), sourceLocation: sourceLocation)
        } else {
            Issue.record("no hard link", sourceLocation: sourceLocation)
        }
        for (name, content) in Self.files {
            #expect(contents[name] == content, "\(name)", sourceLocation: sourceLocation)
        }
        if longPath { #expect(contents["\(Self.long)/file"] == text(77), sourceLocation: sourceLocation) }
        #expect(kinds["link"] == .symbolicLink(to: Array("plain.txt".utf8)), sourceLocation: sourceLocation)
        #expect(kinds["deep/"] == .directory || kinds["deep"] == .directory, sourceLocation: sourceLocation)
    }

    @Test(arguments: ["gnu", "oldgnu", "pax", "ustar", "v7"], ["", "-z", "--zstd"])
    func gnuTar(format: String, compression: String) async throws {
        let longPath = format != "v7"
        let scratch = try await makeTree(longPath: longPath)
        let flags = compression.isEmpty ? [] : [compression]
        try await scratch.run("tar", flags + ["--format=\(format)", "-cf", "a", "-C", "tree", "."])
        try await expectTree(in: scratch.read("a"), longPath: longPath)
    }

    @Test(arguments: ["pax", "gnutar", "ustar"], ["", "-z", "--zstd"])
    func bsdtar(format: String, compression: String) async throws {
        let scratch = try await makeTree(longPath: true)
        let flags = compression.isEmpty ? [] : [compression]
        try await scratch.run("bsdtar", flags + ["--format", format, "-cf", "a", "-C", "tree", "."])
        try await expectTree(in: scratch.read("a"), longPath: true)
    }

    /// As the older system writes them: everything below `./`.
    @Test(arguments: ["PAX_FORMAT", "GNU_FORMAT", "USTAR_FORMAT"], ["w:gz", "w"])
    func pythonLegacy(format: String, mode: String) async throws {
        let scratch = try await makeTree(longPath: true)
        try await scratch.python(
            """
            import sys, tarfile
            with tarfile.open('a', sys.argv[2], format=getattr(tarfile, sys.argv[1])) as tar:
                tar.add('tree', arcname='.')
            """, format, mode)
        try await expectTree(in: scratch.read("a"), longPath: true)
        await #expect(throws: ArchiveError.noIndex) {
            try await ArchiveReader.open(BufferBytes(ByteBuffer(bytes: try scratch.read("a"))))
        }
    }

    @Test func pythonRecordsAreRead() async throws {
        let scratch = try Scratch()
        try await scratch.python(
            """
            import io, tarfile
            with tarfile.open('a', 'w:gz', format=tarfile.PAX_FORMAT, pax_headers={'everywhere': 'yes'}) as tar:
                member = tarfile.TarInfo('x')
                member.size, member.mtime, member.pax_headers = 3, 1234.5, {'HOLDFAST.key': 'ключ'}
                tar.addfile(member, io.BytesIO(b'abc'))
            """)
        let found = try await readTar(decompressed(ByteStream(ByteBuffer(bytes: scratch.read("a")))))
        let records = [
            PaxRecord(name: "everywhere", value: Array("yes".utf8)),
            PaxRecord(name: "HOLDFAST.key", value: Array("ключ".utf8)),
        ]
        #expect(
            found.samples.map(\.member) == [ArchiveMember(name: [120], size: 3, modified: 1_234_500, records: records)])
        #expect(found.samples.map(\.content) == [Array("abc".utf8)])
    }

    @Test(arguments: ["gnu", "pax"])
    func sparseFilesAreRefused(format: String) async throws {
        let scratch = try Scratch()
        try await scratch.python(
            "f = open('holes', 'wb'); f.truncate(50_000_000); f.seek(20_000_000); f.write(b'x'); f.close()")
        try await scratch.run("tar", ["-S", "--format=\(format)", "-cf", "a", "holes"])
        let file = ByteBuffer(bytes: try scratch.read("a"))
        await #expect(throws: ArchiveError.unsupported("a sparse file at tar offset 0")) {
            try await readTar(ByteStream(file))
        }
    }

    @Test func concatenatedFilesOfDenserLevels() async throws {
        let scratch = try Scratch()
        try scratch.write(text(300_000), to: "a")
        try scratch.write(noise(100_000), to: "b")
        try await scratch.run(
            "sh",
            [
                "-c",
                "gzip -9 -k a && gzip -1 -k b && cat a.gz b.gz > c && zstd -q --ultra -22 a b && cat a.zst b.zst > d",
            ])
        for name in ["c", "d"] {
            let found = try await collect(decompressed(pieces(of: ByteBuffer(bytes: scratch.read(name)), length: 4096)))
            #expect(found == text(300_000) + noise(100_000))
        }
    }
}
