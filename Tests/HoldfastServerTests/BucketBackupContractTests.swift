// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import NIOCore
import NIOPosix
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

@testable import HoldfastServer

/// The older API on a real server, field by field.
@Suite("Contract: buckets", .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct BucketBackupContractTests {
    /// A service whose older routes are open, and a bucket of ten objects at a real server.
    static func with(_ body: @escaping @Sendable (ServiceScene, String, any ObjectStore) async throws -> Void)
        async throws
    {
        let server = try #require(TestServer.expected.first { $0.name == "seaweedfs" })
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let service = try server.service(over: transport)
        let bucket = "contract-\(UUID().uuidString.prefix(8).lowercased())"
        try await service.createBucket(bucket)
        let store = service.store(for: bucket)
        for number in 0..<10 {
            let bytes = [UInt8](repeating: UInt8(number), count: 1000 * (number + 1))
            _ = try await store.put(
                ObjectKey("drawing-\(number).svg"), ReplayableBody(ByteBuffer(bytes: bytes)), PutOptions())
        }
        var options = ServerRun.Options()
        options.publicRoutes = ["/api/admin/"]
        do {
            try await ServiceScene.with(source: server, options) { scene in try await body(scene, bucket, store) }
        } catch {
            try? await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
    }

    /// Paths and the types that a client of the older API expects there.
    static func expect(_ types: [String: Any.Type], in answer: JSONAnswer) {
        for (path, type) in types {
            let value = answer[path]
            let fits: Bool =
                switch type {
                case is String.Type: value is String
                case is Bool.Type: value is Bool
                case is Int.Type: (value as? NSNumber).map { Double($0.intValue) == $0.doubleValue } ?? false
                case is Double.Type: value is NSNumber
                default: value is [Any]
                }
            #expect(fits, "\(path) is \(String(describing: value)) and should be a \(type)")
        }
    }

    @Test("Create, list, restore, delete: every field that clients know, with its type")
    func lifeOfABackup() async throws {
        try await Self.with { scene, bucket, store in
            let id = ["X-Correlation-ID": "client-1"]
            let buckets = try await scene.ask(.get, "/api/admin/minio/buckets", headers: id)
            #expect(buckets.status == 200 && buckets.string("correlation_id") == "client-1")
            #expect((buckets["buckets"] as? [String])?.contains(bucket) == true)
            #expect(buckets.int("count") == (buckets["buckets"] as? [String])?.count)

            let created = try await scene.ask(
                .post, "/api/admin/minio/backup/create?bucket_name=\(bucket)&include_versions=False")
            #expect(created.status == 200, "\(created.text)")
            Self.expect(
                [
                    "correlation_id": String.self, "timestamp": String.self, "success": Bool.self,
                    "backup.backup_name": String.self, "backup.bucket_name": String.self,
                    "backup.archive_path": String.self, "backup.archive_size_bytes": Int.self,
                    "backup.archive_size_mb": Double.self, "backup.object_count": Int.self,
                    "backup.total_size_bytes": Int.self, "backup.total_size_mb": Double.self,
                    "backup.timestamp": String.self, "backup.backup_key": String.self, "backup.success": Bool.self,
                    "backup.complete": Bool.self, "backup.exceptions": [Any].self, "backup.sha256": String.self,
                ], in: created)
            #expect(created.flag("success") == true && created.flag("backup.complete") == true)
            #expect(created.int("backup.object_count") == 10 && created.int("backup.objects_saved") == 10)
            #expect(
                created.int("backup.total_size_bytes") == 55_000 && created["backup.total_size_mb"] as? Double == 0.05)
            let name = try #require(created.string("backup.backup_name"))
            #expect(name.wholeMatch(of: /bucket_.+_[0-9]{8}_[0-9]{6}/) != nil)
            #expect(created.string("backup.backup_key") == "buckets/\(name).tar.gz")
            let path = try #require(created.string("backup.archive_path"))
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(created.string("timestamp")?.wholeMatch(of: /[0-9-]{10}T[0-9:]{8}(\.[0-9]{6})?/) != nil)

            let list = try await scene.ask(.get, "/api/admin/minio/backup/list")
            Self.expect(
                [
                    "success": Bool.self, "count": Int.self, "backups": [Any].self,
                    "backups.0.backup_name": String.self, "backups.0.path": String.self,
                    "backups.0.size_bytes": Int.self, "backups.0.size_mb": Double.self,
                    "backups.0.modified": String.self, "backups.0.local_only": Bool.self,
                    "backups.0.bucket_name": String.self, "backups.0.complete": Bool.self,
                ], in: list)
            #expect(list.int("count") == 1 && list.string("backups.0.backup_name") == name)

            _ = try await store.delete([ObjectReference(ObjectKey("drawing-3.svg"))])
            let restored = try await scene.ask(
                .post, "/api/admin/minio/backup/restore",
                body: #"{"backup_name": "\#(name).tar.gz", "overwrite": false}"#)
            #expect(restored.status == 200, "\(restored.text)")
            Self.expect(
                [
                    "success": Bool.self, "restore.backup_name": String.self, "restore.target_bucket": String.self,
                    "restore.uploaded_count": Int.self, "restore.total_size_bytes": Int.self,
                    "restore.total_size_mb": Double.self, "restore.timestamp": String.self,
                    "restore.success": Bool.self,
                ], in: restored)
            #expect(restored.int("restore.uploaded_count") == 1 && restored.int("restore.total_size_bytes") == 4000)
            #expect(restored.int("restore.skipped_count") == 9 && restored.flag("restore.complete") == false)
            #expect(restored.string("restore.target_bucket") == bucket)

            let deleted = try await scene.ask(.delete, "/api/admin/minio/backup/\(name)")
            #expect(deleted.status == 200 && deleted.flag("success") == true)
            #expect(deleted.string("backup_name") == name)
            #expect(deleted.flag("results.local_deleted") == true && deleted.flag("results.minio_deleted") == false)
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list").int("count") == 0)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("What failed is told as it was told: 500 with its prefix, 422 for what is missing")
    func failures() async throws {
        try await Self.with { scene, bucket, _ in
            let token = try await scene.token(.admin)
            let missing = try await scene.ask(.post, "/api/admin/minio/backup/create")
            #expect(missing.status == 422)
            #expect(
                missing.text
                    == #"{"detail":[{"input":null,"loc":["query","bucket_name"],"msg":"Field required","type":"missing"}]}"#
            )
            let odd = try await scene.ask(
                .post, "/api/admin/minio/backup/create?bucket_name=\(bucket)&include_versions=perhaps")
            #expect(odd.status == 422 && odd.string("detail.0.type") == "bool_parsing")
            #expect(odd.string("detail.0.loc.1") == "include_versions")
            for (method, path, prefix) in [
                (HTTPRequest.Method.post, "create?bucket_name=no-such-bucket", "Bucket backup failed: "),
                (.post, "create?bucket_name=\(bucket)&backup_name=daily/x", "Bucket backup failed: "),
                (.post, "create?bucket_name=\(bucket)&backup_name=/../../../app/src", "Bucket backup failed: "),
                (.post, "restore?backup_name=none", "Bucket restore failed: "),
                (.post, "restore?backup_name=..%2f..%2fetc", "Bucket restore failed: "),
                (.delete, "none", "Failed to delete bucket backup: "),
                (.delete, "..%2f..%2fstate", "Failed to delete bucket backup: "),
            ] {
                let answer = try await scene.ask(method, "/api/admin/minio/backup/\(path)", token: token)
                #expect(answer.status == 500, "\(path): \(answer.text)")
                #expect(answer.string("detail")?.hasPrefix(prefix) == true, "\(answer.text)")
            }
            #expect(FileManager.default.fileExists(atPath: scene.root.appending("state").string))
        }
    }

    @Test("A name that is taken is not given again, with or without its extension (C2, C4)")
    func takenNames() async throws {
        try await Self.with { scene, bucket, _ in
            let path = "/api/admin/minio/backup/create?bucket_name=\(bucket)&backup_name="
            #expect(try await scene.ask(.post, path + "weekly").status == 200)
            for name in ["weekly", "weekly.tar.gz"] {
                let again = try await scene.ask(.post, path + name)
                #expect(again.status == 500 && again.string("detail")?.contains("weekly") == true, "\(again.text)")
            }
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list").int("count") == 1)
        }
    }

    @Test("The same key with another query is another request, and the same request is done once (L13)")
    func idempotency() async throws {
        try await Self.with { scene, bucket, store in
            let key = ["Idempotency-Key": "nightly-1"]
            let path = "/api/admin/minio/backup/create?bucket_name=\(bucket)&backup_name="
            let first = try await scene.ask(.post, path + "one", headers: key)
            #expect(first.status == 200 && first.header("X-Idempotency-Hit") == "false")
            let again = try await scene.ask(.post, path + "one", headers: key)
            #expect(again.status == 200 && again.header("X-Idempotency-Hit") == "true")
            #expect(again.string("backup.run_id") == first.string("backup.run_id"))
            let other = try await scene.ask(.post, path + "two", headers: key)
            #expect(other.status == 200 && other.header("X-Idempotency-Hit") == "false")
            #expect(other.string("backup.backup_name") == "two")
            // A failure is not kept: it may succeed the next time.
            let late = "/api/admin/minio/backup/create?bucket_name=\(bucket)&backup_name=late"
            let later = ["X-Idempotency-Key": "k"]
            _ = try await store.delete((0..<10).map { ObjectReference(ObjectKey("drawing-\($0).svg")) })
            #expect(try await scene.ask(.post, late, headers: later).status == 500)
            _ = try await store.put(ObjectKey("a"), ReplayableBody(ByteBuffer(string: "a")), PutOptions())
            #expect(try await scene.ask(.post, late, headers: later).status == 200)
        }
    }

    @Test("Two equal requests at once do the work once")
    func simultaneous() async throws {
        try await Self.with { scene, bucket, _ in
            let path = "/api/admin/minio/backup/create?bucket_name=\(bucket)"
            async let one = scene.ask(.post, path, headers: ["Idempotency-Key": "k"])
            async let two = scene.ask(.post, path, headers: ["Idempotency-Key": "k"])
            let answers = try await [one, two]
            #expect(answers.map(\.status) == [200, 200])
            #expect(answers[0].string("backup.run_id") == answers[1].string("backup.run_id"))
            #expect(Set(answers.compactMap { $0.header("X-Idempotency-Hit") }) == ["true", "false"])
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list").int("count") == 1)
        }
    }

    @Test(
        "Anonymous callers are limited as they were, failures do not count, and each backup has restores of its own (S9)"
    )
    func limits() async throws {
        try await Self.with { scene, bucket, _ in
            let create = "/api/admin/minio/backup/create?bucket_name="
            for _ in 0..<12 { #expect(try await scene.ask(.post, create + "no-such-bucket").status == 500) }
            for number in 0..<10 {
                #expect(try await scene.ask(.post, create + "\(bucket)&backup_name=b\(number)").status == 200)
            }
            let refused = try await scene.ask(.post, create + bucket)
            #expect(refused.status == 429 && refused.string("error") == "Rate limit exceeded: 10 per 1 hour")
            #expect(refused.header("Retry-After") != nil)
            let restore = "/api/admin/minio/backup/restore?backup_name="
            for number in 0..<6 { #expect(try await scene.ask(.post, restore + "b\(number)").status == 200) }
            for _ in 0..<4 { #expect(try await scene.ask(.post, restore + "b0").status == 200) }
            #expect(try await scene.ask(.post, restore + "b0").status == 429)
            // Who shows that he is an operator is never the one who is refused.
            let token = try await scene.token(.operator)
            #expect(try await scene.ask(.post, restore + "b0", token: token).status == 200)
        }
    }

    @Test("A token for one bucket sees, backs up and restores that one only")
    func scopes() async throws {
        try await Self.with { scene, bucket, _ in
            let create = "/api/admin/minio/backup/create?bucket_name="
            #expect(try await scene.ask(.post, create + "\(bucket)&backup_name=mine").status == 200)
            let own = try await scene.token(.operator, [bucket], name: "own")
            let other = try await scene.token(.admin, ["elsewhere"], name: "other")
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list", token: own).int("count") == 1)
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list", token: other).int("count") == 0)
            #expect(try await scene.ask(.get, "/api/admin/minio/buckets", token: other).int("count") == 0)
            for path in [
                create + bucket, "/api/admin/minio/backup/restore?backup_name=mine&target_bucket=elsewhere",
                "/api/admin/minio/backup/restore?backup_name=mine",
            ] {
                let answer = try await scene.ask(.post, path, token: other)
                #expect(answer.status == 403 && answer.string("detail")?.contains(bucket) == true, "\(answer.text)")
            }
            #expect(try await scene.ask(.delete, "/api/admin/minio/backup/mine", token: other).status == 403)
            let away = "/api/admin/minio/backup/restore?backup_name=mine&target_bucket=elsewhere"
            #expect(try await scene.ask(.post, away, token: own).status == 403)
            #expect(try await scene.ask(.post, create + "\(bucket)&backup_name=again", token: own).status == 200)
        }
    }

    @Test("Recovery is told from what there is, and no drill is called a success that was not made (O9)")
    func recovery() async throws {
        try await Self.with { scene, bucket, _ in
            let before = try await scene.ask(.get, "/api/admin/dr/status")
            #expect(before.status == 200 && before.string("minio_backups.status") == "no_backups")
            #expect(before["minio_backups.latest"] is NSNull && before["last_dr_test"] is NSNull)
            let create = "/api/admin/minio/backup/create?bucket_name=\(bucket)"
            #expect(try await scene.ask(.post, create).status == 200)
            scene.clock.advance(360)
            let after = try await scene.ask(.get, "/api/admin/dr/status")
            #expect(after.int("rto_target_minutes") == 60 && after.int("rpo_target_minutes") == 5)
            #expect(after.int("minio_backups.count") == 1 && after.string("minio_backups.status") == "healthy")
            #expect(after["minio_backups.recovery_point_minutes"] as? Double == 6)
            #expect(after.flag("minio_backups.rpo_met") == false)
            #expect(after.string("database_backups.status") == "no_backups")
            let drill = try await scene.ask(.post, "/api/admin/dr/simulate?scenario=storage_loss")
            #expect(drill.status == 500 && drill.string("detail")?.hasPrefix("DR simulation failed: ") == true)
            #expect(try await scene.ask(.post, "/api/admin/dr/simulate?scenario=earthquake").status == 400)
            let database = try await scene.ask(.post, "/api/admin/backup/create")
            #expect(database.status == 500 && database.string("detail")?.hasPrefix("Backup failed: ") == true)
        }
    }
}
