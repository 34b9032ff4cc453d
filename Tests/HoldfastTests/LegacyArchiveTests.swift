// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Archives of the older system are listed, shown, restored, verified and deleted like any other.
@Suite struct LegacyArchiveTests {
    static let files = [
        "a.txt": "one", "deep/er/b.txt": "two", "deep/.backup_metadata.json": "an ordinary object", "ü/ß.txt": "three",
        "empty": "", ".hidden": "four", String(repeating: "long", count: 50) + ".txt": "five",
    ]

    private func withArchive(metadata: Bool, _ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            try await LegacyArchive(scene: scene).make("old", files: Self.files, metadata: metadata)
            try await body(scene)
        }
    }

    @Test(arguments: [true, false])
    func itIsListedAndShown(metadata: Bool) async throws {
        try await withArchive(metadata: metadata) { scene in
            let summary = try #require(try await scene.list().backups.first)
            #expect(summary.name == "old")
            #expect(summary.problem == nil)
            #expect(summary.complete == nil)
            let backup = try await scene.open("old")
            #expect(backup.flaws == [])
            #expect(backup.metadata?.bucketName == (metadata ? "diagrams" : nil))
            #expect(backup.metadata?.objectCount == (metadata ? Self.files.count : nil))
            #expect(try await backup.catalog.totals().stored == Self.files.count)
            for (key, content) in Self.files {
                let object = try await backup.object(Array(key.utf8))
                var read: [UInt8] = []
                try await CheckedContent(backup: backup, object: object).read { read += $0.readableBytesView }
                #expect(read == Array(content.utf8))
            }
        }
    }

    @Test(arguments: [true, false])
    func itIsRestored(metadata: Bool) async throws {
        try await withArchive(metadata: metadata) { scene in
            let report = try await scene.restore("old")
            #expect(report.complete)
            #expect(report.restoredCount == Self.files.count)
            let target = scene.source.store(for: "target")
            #expect(try await Set(target.keys()) == Set(Self.files.keys.map { "\(ObjectKey($0))" }))
            for (key, content) in Self.files { #expect(try await target.text(key) == content) }
        }
    }

    @Test func itIsVerifiedByReadingIt() async throws {
        try await withArchive(metadata: true) { scene in
            for depth in VerifyDepth.allCases {
                let report = try await scene.verify(depth, "old", in: scene.local)
                #expect(report.isSound)
                #expect(report.copies.first?.depth == .frames)
                #expect(report.copies.first?.objectsRead == Self.files.count)
                #expect(report.copies.first?.objectsWithoutChecksum == Self.files.count)
            }
            let whole = try bytes(of: scene.archives.appending("old.tar.gz"))
            let tar = try await tarStream(whole)
            for position in stride(from: 10, to: whole.count, by: whole.count / 30) {
                try scene.alter("old.tar.gz") { $0[position] ^= 4 }
                // A flip in the file name that gzip keeps in its header says nothing of the contents.
                if position > 40, try await scene.verify(.frames, "old", in: scene.local).isSound {
                    // Deflate has bits that mean nothing: what is read must then be the same.
                    let altered = try bytes(of: scene.archives.appending("old.tar.gz"))
                    #expect(try await tarStream(altered) == tar, "the flip in byte \(position) was not found")
                }
                try scene.alter("old.tar.gz") { $0 = whole }
            }
            try scene.alter("old.tar.gz") { $0.removeLast(whole.count / 2) }
            #expect(try await !scene.verify(.frames, "old", in: scene.local).isSound)
        }
    }

    @Test func itIsDeleted() async throws {
        try await withArchive(metadata: true) { scene in
            let report = try await DeleteRun(
                entry: try await scene.vault.find("old"), vault: scene.vault, environment: scene.environment
            ).run()
            #expect(report.deleted == [scene.directoryCopy.label])
            #expect(try await scene.list().backups.count == 0)
        }
    }

    @Test func theBetterCopyIsRead() async throws {
        try await withArchive(metadata: true) { scene in
            let whole = try bytes(of: scene.archives.appending("old.tar.gz"))
            try await scene.bucketCopy.prepare()
            try await scene.vaultService.store(for: "backups").put("buckets/old.tar.gz", whole)
            try scene.alter("old.tar.gz") { $0.removeLast(whole.count / 2) }
            let report = try await scene.restore("old")
            #expect(report.complete)
            #expect(report.restoredCount == Self.files.count)
        }
    }

    @Test func aLaterMemberReplacesAnEarlierOne() async throws {
        try await Scene.with { scene in
            try await LegacyArchive(scene: scene).make(
                "old",
                script: """
                    member('./a', b'first')
                    member('./b', b'b')
                    member('./a', b'second')
                    """)
            try await scene.restore("old")
            let target = scene.source.store(for: "target")
            #expect(try await target.text("a") == "second")
            #expect(try await target.keys() == ["a", "b"])
        }
    }

    @Test func hardLinksAreObjectsOfTheirOwn() async throws {
        try await Scene.with { scene in
            try await LegacyArchive(scene: scene).make(
                "old",
                script: """
                    member('./a', b'shared')
                    member('./b', b'b' * 70000)
                    member('./c', type=tarfile.LNKTYPE, linkname='./a')
                    member('./d', b'd')
                    """)
            let report = try await scene.restore("old")
            #expect(report.complete)
            let target = scene.source.store(for: "target")
            #expect(try await target.text("a") == "shared")
            #expect(try await target.text("c") == "shared")
            #expect(try await target.text("d") == "d")
        }
    }

    @Test func hostileMembersStayInsideTheBucket() async throws {
        try await Scene.with { scene in
            let outside = scene.root.appending("outside")
            try write("secret".utf8, to: outside)
            try await LegacyArchive(scene: scene).make(
                "old",
                script: """
                    member('../outside', b'overwritten')
                    member('\(outside.string)', b'overwritten')
                    member('./link', type=tarfile.SYMTYPE, linkname='\(outside.string)')
                    member('./link/below', b'below')
                    member('./hard', type=tarfile.LNKTYPE, linkname='\(outside.string)x')
                    member('./up', type=tarfile.LNKTYPE, linkname='../../etc/passwd')
                    member('./device', type=tarfile.CHRTYPE)
                    member('./pipe', type=tarfile.FIFOTYPE)
                    member('./fine', b'fine')
                    """)
            let before = names(in: scene.root)
            let report = try await scene.restore("old")
            #expect(try bytes(of: outside) == Array("secret".utf8))
            #expect(Set(names(in: scene.root)) == Set(before + ["state"]))
            let target = scene.source.store(for: "target")
            // Keys are bytes, also those that look like ways out; nothing is read through a link.
            #expect(
                try await Set(target.keys()) == ["../outside", "\(outside)", "link/below", "fine"])
            for name in ["link", "hard", "up", "device", "pipe"] {
                #expect(report.warnings.contains { $0.hasPrefix("\(name) ") }, "\(name) is not named")
            }
            #expect(!report.complete)
            #expect(try await !scene.verify(.frames, "old", in: scene.local).isSound)
        }
    }

    @Test(arguments: [
        "info = tarfile.TarInfo('./big'); info.size = 1 << 40; t.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))",
        "info = tarfile.TarInfo('./big'); info.pax_headers = {'size': '-5'}; t.addfile(info)",
        "info = tarfile.TarInfo('./big'); info.pax_headers = {'size': '9223372036854775807'}; t.addfile(info)",
        "info = tarfile.TarInfo('./big'); info.pax_headers = {'size': '99999999999999999999999'}; t.addfile(info)",
        "t.fileobj.write(b'x' * 512)",
        "info = tarfile.TarInfo('./big'); info.size = 3; b = bytearray(info.tobuf()); b[125] = 0xff; t.fileobj.write(b)",
    ])
    func sizesThatAreLiesAreNotBelieved(script: String) async throws {
        try await Scene.with { scene in
            try await LegacyArchive(scene: scene).make("old", script: "member('./fine', b'fine')\n" + script)
            #expect(try await !scene.verify(.frames, "old", in: scene.local).isSound)
            let report = try await scene.restore("old")
            #expect(!report.warnings.isEmpty && !report.complete)
            #expect(try await scene.source.store(for: "target").keys() == ["fine"])
        }
    }
}
