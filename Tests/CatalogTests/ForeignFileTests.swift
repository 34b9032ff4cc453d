// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import SystemPackage
import Testing

/// Catalogs that this program did not write, or that were changed after it did.
@Suite struct ForeignFileTests {
    private static let object = CatalogObject(
        listed: listed("photos/1"), headers: [CatalogField(name: "a", value: "b")],
        sha256: Array(repeating: 7, count: 32),
        member: Array("photos/1"), extents: [Extent(offset: 512, length: 5)])

    private func outcome(of change: String) async throws -> Result<CatalogObject?, CatalogError> {
        try await withPath { path in
            try await makeCatalog(at: path, [Self.object])
            try sqlite(path, change)
            do {
                return .success(try await CatalogReader.open(at: path).objects(limit: 9).first)
            } catch let error as CatalogError {
                return .failure(error)
            }
        }
    }

    @Test(arguments: [
        "UPDATE objects SET size = -1", "UPDATE objects SET size = 'big'", "UPDATE objects SET size = 1.5",
        "UPDATE objects SET sha256 = x'00'", "UPDATE objects SET sha256 = 'text'",
        "UPDATE objects SET sha256 = zeroblob(1000000)", "UPDATE objects SET is_latest = 2",
        "UPDATE objects SET key = 'text'", "UPDATE objects SET key = zeroblob(70000)",
        "UPDATE objects SET key = x''", "UPDATE objects SET ordinal = -9223372036854775808 + 9223372036854775807",
        "UPDATE objects SET last_modified = 9223372036854775807", "UPDATE objects SET etag = x'00'",
        "UPDATE objects SET etag = replace(hex(zeroblob(4000)), '0', 'a')",
        "UPDATE objects SET headers = '[[\"a\"]]'", "UPDATE objects SET headers = '{}'",
        "UPDATE objects SET headers = '[[\"a\",\"b\"]] x'",
        "UPDATE objects SET headers = '[[\"a\",{\"base64\":\"?\"}]]'",
        "UPDATE objects SET extents = '[[0,512]]'", "UPDATE objects SET extents = '[[0,512,-5]]'",
        "UPDATE objects SET extents = '[[0,512,9223372036854775807]]'",
        "UPDATE objects SET extents = '[[0,512,99999999999999999999]]'",
        "UPDATE objects SET extents = '[[0,1024,5]]'", "UPDATE objects SET position = 0",
        "UPDATE objects SET part_count = 99999999", "UPDATE objects SET part_size = -1",
        "UPDATE objects SET member = zeroblob(300000)",
    ])
    func aRowThatNobodyWritesIsCorrupt(_ change: String) async throws {
        let outcome = try await outcome(of: change)
        guard case .failure(.corrupt) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func theFaultNamesTheRow() async throws {
        guard case .failure(let error) = try await outcome(of: "UPDATE objects SET sha256 = x'00'") else {
            Issue.record("believed")
            return
        }
        #expect(error.description.contains("'photos/1', version 0"))
    }

    @Test func newerMinorVersionsAreRead() async throws {
        let change = """
            PRAGMA user_version = 1999;
            ALTER TABLE objects ADD COLUMN colour TEXT DEFAULT 'red'; CREATE TABLE more(x);
            """
        #expect(try await outcome(of: change).get() == Self.object)
    }

    @Test func newerMajorVersionsAreRefused() async throws {
        guard case .failure(.tooNew(_, version: 3_000)) = try await outcome(of: "PRAGMA user_version = 3000") else {
            Issue.record("read")
            return
        }
    }

    @Test(arguments: [
        "PRAGMA application_id = 7", "PRAGMA user_version = 0", "PRAGMA user_version = -5000", "DROP TABLE exceptions",
        "DROP TABLE objects",
        "ALTER TABLE objects RENAME TO o; CREATE VIEW objects AS SELECT * FROM o",
        "ALTER TABLE objects RENAME TO o; CREATE VIRTUAL TABLE objects USING fts5(key)",
        "ALTER TABLE objects RENAME COLUMN acl TO o; ALTER TABLE objects ADD COLUMN acl TEXT AS (upper(o))",
        "ALTER TABLE objects DROP COLUMN acl",
    ])
    func whatIsNoCatalogIsRefused(_ change: String) async throws {
        let outcome = try await outcome(of: change)
        guard case .failure(.notACatalog) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func anyOtherFileIsRefused() async throws {
        try await withPath { path in
            await #expect(throws: CatalogError.self) { try await CatalogReader.open(at: path) }
            try Data().write(to: URL(fileURLWithPath: path.string))
            await #expect(throws: CatalogError.self) { try await CatalogReader.open(at: path) }
            try Data(repeating: 0x41, count: 100_000).write(to: URL(fileURLWithPath: path.string))
            await #expect {
                try await CatalogReader.open(at: path)
            } throws: { error in
                if case CatalogError.notACatalog = error { true } else { false }
            }
        }
    }

    /// Rows that do not ascend would send whoever reads page after page back to an earlier one.
    @Test(arguments: ["aaaa", "zzzz"])
    func rowsOutOfOrderAreCorrupt(place: String) async throws {
        try await withPath { path in
            try await makeCatalog(at: path, (1000..<1050).map { stored(listed("row-\($0)"), at: Int64($0)) })
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path.string))
            // In the tree of the keys and in that of the positions.
            var changed = 0
            while let range = bytes.range(of: Data("row-1019".utf8)) {
                bytes.replaceSubrange(range, with: "\(place)1019".utf8)
                changed += 1
            }
            #expect(changed >= 2)
            try bytes.write(to: URL(fileURLWithPath: path.string))
            let reader = try await CatalogReader.open(at: path)
            await #expect {
                var last: CatalogObject?
                repeat {
                    last = try await reader.objects(after: last.map { ($0.key, $0.ordinal) }, limit: 30).last
                } while last != nil
            } throws: { error in
                if case CatalogError.corrupt = error { true } else { false }
            }
        }
    }

    @Test func triggersDoNotRunAndNothingIsWritten() async throws {
        try await withPath { path in
            try await makeCatalog(at: path, [Self.object])
            try sqlite(path, "CREATE TRIGGER t AFTER UPDATE ON objects BEGIN DELETE FROM exceptions; END")
            let before = FileManager.default.contents(atPath: path.string)
            let reader = try await CatalogReader.open(at: path)
            try await reader.check()
            #expect(try await reader.objects(limit: 9) == [Self.object])
            #expect(FileManager.default.contents(atPath: path.string) == before)
        }
    }

    /// It would be evaluated for each row, and may ask for a gigabyte each time.
    @Test func theMakersConditionsAreNotEvaluated() async throws {
        try await withPath { path in
            try await makeCatalog(at: path, [Self.object])
            try sqlite(
                path,
                """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(
                    sql, 'size INTEGER NOT NULL', 'size INTEGER NOT NULL CHECK(length(hex(zeroblob(90000000))) = 0)')
                WHERE name = 'objects'
                """)
            #expect(try sqlite(path, "PRAGMA quick_check(1)").contains("CHECK constraint failed"))
            try await CatalogReader.open(at: path).check()
        }
    }

    @Test(arguments: [
        "DELETE FROM objects", "UPDATE info SET value = '2' WHERE name = 'total.exceptions'",
        "UPDATE info SET value = '-1' WHERE name = 'total.stored'", "UPDATE info SET value = x'31'",
        "DELETE FROM info", "UPDATE objects SET archive = 9, extents = '[[9,512,5]]'",
    ])
    func theCheckFindsWhatDoesNotAddUp(_ change: String) async throws {
        try await withPath { path in
            try await makeCatalog(at: path, [Self.object])
            try sqlite(path, change)
            let reader = try await CatalogReader.open(at: path)
            await #expect {
                try await reader.check()
            } throws: { error in
                if case CatalogError.corrupt = error { true } else { false }
            }
        }
    }

    /// Whatever byte is changed, and wherever the file ends, reading gives rows or a `CatalogError`, never a crash, and
    /// a file cut short never passes the check.
    @Test func damageIsAnErrorAndNoCrash() async throws {
        try await withPath { path in
            try await makeCatalog(at: path, (0..<500).map { stored(listed("key\($0)"), at: Int64($0)) })
            let whole = try Data(contentsOf: URL(fileURLWithPath: path.string))
            func read() async throws -> Bool {
                do {
                    let reader = try await CatalogReader.open(at: path)
                    _ = try await reader.objects(limit: 1_000)
                    _ = try await reader.objectsByPosition(limit: 1_000)
                    _ = try await reader.exceptions()
                    _ = try await reader.info()
                    try await reader.check()
                    return true
                } catch is CatalogError {
                    return false
                }
            }
            #expect(try await read())
            var refused = 0
            for step in 0..<200 {
                var damaged = whole
                damaged[step * 7_919 % whole.count] ^= UInt8(1 << (step % 8))
                try damaged.write(to: URL(fileURLWithPath: path.string))
                if try await !read() { refused += 1 }
            }
            #expect(refused > 0)
            for length in stride(from: 0, to: whole.count, by: 16_384) {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path.string))
                #expect(try await !read())
            }
        }
    }
}
