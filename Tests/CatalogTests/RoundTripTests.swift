// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

@Suite struct RoundTripTests {
    @Test func everyFieldComesBack() async throws {
        let object = CatalogObject(
            listed: ListedObject(
                key: [0xFF, 0x00, 0x2F, 0x61], ordinal: 3, versionID: "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
                isLatest: false,
                isDeleteMarker: false, size: 1 << 40, etag: "9b2cf535f27731c974343645a3985328-7",
                lastModified: -1, storageClass: "GLACIER_IR"),
            headers: [CatalogField(name: "content-type", value: "text/plain; charset=\"utf-8\"")],
            metadata: [
                CatalogField(name: "twice", value: "a"), CatalogField(name: "twice", value: "b\\\u{0}\n\u{1F}é🙂"),
                CatalogField(name: "not-text", value: [0xC3, 0x28, 0xFF]), CatalogField(name: "", value: ""),
            ],
            tags: [CatalogField(name: "größe", value: "klein")],
            acl: #"{"owner":"x"}"#, retention: #"{"mode":"COMPLIANCE"}"#, legalHold: #"{"status":"ON"}"#,
            partCount: 7, partSize: 5 << 20, sha256: Array(0..<32), member: Array(".holdfast/keys/%FF%00%2Fa"),
            extents: [Extent(offset: 512, length: 9), Extent(archive: 2, offset: .max - 1, length: 1)])
        try await withPath { path in
            try await makeCatalog(at: path, [object])
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.objects(limit: 10) == [object])
            #expect(try await reader.objectsByPosition(limit: 10) == [object])
            try await reader.check()
        }
    }

    @Test func theLeastObjectComesBack() async throws {
        let object = CatalogObject(
            listed: ListedObject(
                key: [0x61], isDeleteMarker: true, size: 0, etag: "", lastModified: 0))
        try await withPath { path in
            try await makeCatalog(at: path, [object])
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.objects(limit: 10) == [object])
            #expect(try await reader.objectsByPosition(limit: 10).isEmpty)
            #expect(try await reader.object(key: [0x61]) == nil)
        }
    }

    @Test func factsAndArchivesComeBack() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            try await writer.set("bucket", "photos")
            try await writer.set("bucket", "fotos")
            #expect(try await writer.archive("one") == 1)
            #expect(try await writer.archive("two") == 2)
            #expect(try await writer.archive("one") == 1)
            await #expect(throws: CatalogError.self) { try await writer.set("total.listed", "9") }
            _ = try await writer.finish()

            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.info()["bucket"] == "fotos")
            let archives = try await reader.archives()
            #expect(archives.map(\.id) == [1, 2])
            #expect(archives.map(\.name) == ["one", "two"])
            #expect(try await reader.totals() == CatalogTotals())
        }
    }

    @Test func theSQLiteProgramReadsIt() async throws {
        try await withPath { path in
            var object = stored(listed("a"), at: 512)
            object.metadata = [CatalogField(name: "owner", value: "me")]
            try await makeCatalog(at: path, [object])
            #expect(try sqlite(path, "PRAGMA integrity_check") == "ok")
            #expect(try sqlite(path, "PRAGMA user_version; PRAGMA application_id") == "1001\n1212564308")
            #expect(
                try sqlite(
                    path,
                    "SELECT cast(key AS TEXT), metadata ->> '$[0][1]', extents ->> '$[0][1]', position FROM objects")
                    == "a|me|512|512")
            #expect(try sqlite(path, "SELECT name FROM sqlite_schema WHERE name LIKE 'rows%'") == "")
        }
    }
}
