// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@testable import Holdfast

/// Retention, legal holds, ACLs and the bucket's own settings.
@Suite(.timeLimit(.minutes(5))) struct ProtectionTests {
    private static let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded())
    private static let future = now.addingTimeInterval(86_400)
    private static let past = now.addingTimeInterval(-86_400)

    /// A bucket with Object Lock: one object for each kind of lock.
    private static func fill(_ store: any ObjectStore, compliance: Bool) async throws {
        for key in ["free", "held", "governed", "compliant"] where compliance || key != "compliant" {
            try await store.put(key, Array(key.utf8))
        }
        try await store.apply(.legalHold(true), to: ObjectKey("held"), version: nil)
        try await store.apply(
            .retention(ObjectRetention(mode: .governance, until: future)), to: ObjectKey("governed"), version: nil)
        if compliance {
            try await store.apply(
                .retention(ObjectRetention(mode: .compliance, until: future)), to: ObjectKey("compliant"), version: nil)
        }
    }

    private static func locked(_ scene: Scene, compliance: Bool = true) async throws -> any ObjectStore {
        try await scene.source.deleteBucket(Scene.bucket)
        try await scene.source.createBucket(Scene.bucket, objectLock: true)
        try await fill(scene.store, compliance: compliance)
        return scene.store
    }

    @Test func locksAreInTheBackupAndDroppedUnlessWanted() async throws {
        try await Scene.with { scene in
            _ = try await Self.locked(scene)
            #expect(try await scene.backUp().complete)
            let backup = try await scene.open()
            #expect(try await backup.object(Array("held".utf8)).legalHold == #"{"status":"ON"}"#)
            let retention = try #require(try await backup.object(Array("governed".utf8)).retention)
            #expect(
                ProtectionText.retention(from: retention) == ObjectRetention(mode: .governance, until: Self.future))
            #expect(try await backup.object(Array("free".utf8)).isLocked == false)

            let report = try await scene.restore()
            #expect(report.complete)
            #expect(report.lockedCount == 3)
            let target = scene.source.store(for: "target")
            for key in ["held", "governed", "compliant"] {
                let info = try await target.head(ObjectKey(key), version: nil)
                #expect(info.retention == nil && !info.hasLegalHold)
            }
        }
    }

    @Test(arguments: LockPolicy.allCases)
    func locksComeBackAsAsked(policy: LockPolicy) async throws {
        try await Scene.with { scene in
            _ = try await Self.locked(scene)
            let cut = try await scene.backUp().cut ?? Self.now
            let options = RestoreRun.Options(locks: policy, allowsCompliance: true)
            #expect(try await scene.restore(options: options).complete)
            let target = scene.source.store(for: "target")
            let held = try await target.head(ObjectKey("held"), version: nil)
            let governed = try await target.head(ObjectKey("governed"), version: nil).retention
            let compliant = try await target.head(ObjectKey("compliant"), version: nil).retention
            #expect(held.hasLegalHold == (policy != .drop))
            switch policy {
            case .drop: #expect(governed == nil && compliant == nil)
            case .keep:
                #expect(governed == ObjectRetention(mode: .governance, until: Self.future))
                #expect(compliant == ObjectRetention(mode: .compliance, until: Self.future))
            case .governance: #expect(compliant == ObjectRetention(mode: .governance, until: Self.future))
            case .shift:
                let until = try #require(compliant?.until)
                #expect(compliant?.mode == .compliance)
                #expect(until >= Self.future)
                // The metadata tells the cut in whole seconds.
                #expect(until <= Self.future.addingTimeInterval(Date().timeIntervalSince(cut) + 1))
            }
        }
    }

    @Test func complianceNeedsAWord() async throws {
        try await Scene.with { scene in
            _ = try await Self.locked(scene)
            try await scene.backUp()
            let error = await #expect(throws: HoldfastError.self) {
                try await scene.restore(options: RestoreRun.Options(locks: .keep))
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(try await scene.source.bucketExists("target") == false)
        }
    }

    @Test func aBucketWithoutObjectLockIsNotGivenLocks() async throws {
        try await Scene.with { scene in
            _ = try await Self.locked(scene, compliance: false)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let error = await #expect(throws: HoldfastError.self) {
                try await scene.restore(options: RestoreRun.Options(locks: .keep))
            }
            #expect(error?.code == .conflict)
            #expect(try await scene.source.store(for: "target").keys().isEmpty)
        }
    }

    @Test func aDateThatIsOverIsLeftAway() {
        let retention = ProtectionText.retention(ObjectRetention(mode: .governance, until: Self.past))
        let object = CatalogObject(
            listed: ListedObject(key: [1], size: 0, etag: "", lastModified: 0), retention: retention)
        func settings(_ policy: LockPolicy) -> [ObjectSetting] {
            SettingsRestore(locks: policy, cut: Self.past.addingTimeInterval(-60), now: Self.now, acls: false)
                .locks(of: object)
        }
        #expect(settings(.keep) == [])
        #expect(settings(.governance) == [])
        // It had a minute left at the time of the backup, and has again.
        let again = ObjectRetention(mode: .governance, until: Self.now.addingTimeInterval(60))
        #expect(settings(.shift) == [.retention(again)])
    }

    @Test func aLockThatCannotBeSetIsNoSuccess() async throws {
        try await Scene.with { scene in
            _ = try await Self.locked(scene, compliance: false)
            try await scene.backUp()
            var service = AlteredService(scene.source)
            let fault = Fault.on(.apply, call: 1, .fail(ObjectStoreError(.accessDenied, "no right")))
            try await scene.source.createBucket("target", objectLock: true)
            service.stores["target"] = FaultyObjectStore(scene.source.store(for: "target"), [fault])
            let report = try await scene.restore(at: service, options: RestoreRun.Options(locks: .keep))
            #expect(!report.complete)
            #expect(report.exceptions.count == 1)
            #expect(report.exceptions.first?.message.contains("not as it was: no right") == true)
        }
    }

    private static let publicACL = ObjectACL(
        owner: "owner",
        grants: [
            .init(id: "owner", permission: "FULL_CONTROL"),
            .init(uri: "http://acs.amazonaws.com/groups/global/AllUsers", permission: "READ"),
        ])

    @Test func aclsComeBackWhereTheyWereAskedFor() async throws {
        try await Scene.with { scene in
            try await scene.store.put("public", [1])
            try await scene.store.put("private", [2])
            try await scene.store.apply(.acl(Self.publicACL.document), to: ObjectKey("public"), version: nil)
            try await scene.backUp("without")
            try await scene.restore("without", into: "without", options: RestoreRun.Options(acls: true))
            func acl(_ bucket: String, _ key: ObjectKey) async throws -> ObjectACL {
                try ObjectACL(document: try await scene.source.store(for: bucket).acl(of: key, version: nil))
            }
            #expect(try await acl("without", ObjectKey("public")).isOwnersAlone)

            // The base was made without ACLs, so that every object is asked.
            let report = try await scene.backUp("with", isFull: false, sweep: .never, acls: true)
            #expect(report.unchangedCount == 2)
            try await scene.restore("with", options: RestoreRun.Options(acls: true))
            #expect(try await acl("target", ObjectKey("public")) == Self.publicACL)
            #expect(try await acl("target", ObjectKey("private")).isOwnersAlone)
            try await scene.restore("with", into: "plain")
            #expect(try await acl("plain", ObjectKey("public")).isOwnersAlone)
        }
    }

    @Test func theBucketsSettingsComeBack() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", [1])
            let policy =
                #"{"Statement":[{"Resource":["arn:aws:s3:::source","arn:aws:s3:::source/*","arn:aws:s3:::sources"]}]}"#
            let documents: [BucketDocument: String] = [
                .cors: "<CORSConfiguration>x</CORSConfiguration>", .policy: policy,
                .versioning: String(decoding: versioningDocument("Enabled"), as: UTF8.self),
            ]
            for (document, text) in documents {
                try await scene.source.setDocument(document, of: Scene.bucket, to: Array(text.utf8))
            }
            try await scene.backUp()
            let options = RestoreRun.Options(bucketConfiguration: true)
            var dry = options
            dry.dryRun = true
            let plan = try await scene.restore(options: dry)
            #expect(plan.configuration.map(\.document) == ["versioning", "cors", "policy"])
            #expect(try await scene.source.bucketExists("target") == false)

            let report = try await scene.restore(options: options)
            #expect(report.complete)
            #expect(report.configuration.allSatisfy { $0.state == .restored })
            #expect(try await scene.source.document(.cors, of: "target") == Array(documents[.cors, default: ""].utf8))
            #expect(try await scene.source.versioningStatus(of: "target") == .enabled)
            let restored = String(decoding: try await scene.source.document(.policy, of: "target") ?? [], as: UTF8.self)
            #expect(
                restored
                    == #"{"Statement":[{"Resource":["arn:aws:s3:::target","arn:aws:s3:::target/*","arn:aws:s3:::sources"]}]}"#
            )
            let again = try await scene.restore(options: options)
            #expect(again.configuration.allSatisfy { $0.state == .same })
        }
    }

    @Test(arguments: TestServer.withHistories)
    func realServersGetTheirProtectionBack(server: TestServer) async throws {
        try await server.withService { service in
            let bucket = "locked-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket, objectLock: true)
            let store = service.store(for: bucket)
            try await Self.fill(store, compliance: false)
            let owner = try ObjectACL(document: try await store.acl(of: ObjectKey("free"), version: nil)).owner
            try await store.apply(.acl(Self.publicACL.owned(by: owner).document), to: ObjectKey("free"), version: nil)
            let cors = """
                <CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedMethod>GET</AllowedMethod>\
                <AllowedOrigin>https://example.com</AllowedOrigin></CORSRule></CORSConfiguration>
                """
            try await service.setDocument(.cors, of: bucket, to: Array(cors.utf8))
            try await Scene.with { scene in
                let run = BackupRun(
                    bucket: bucket, name: try BackupName("first"), source: service, vault: scene.vault,
                    options: BackupRun.Options(allVersions: true, acls: true), environment: scene.environment)
                #expect(try await run.run().complete)
                let options = RestoreRun.Options(
                    allVersions: true, locks: .keep, acls: true, bucketConfiguration: true)
                let report = try await scene.restore(into: bucket + "-back", at: service, options: options)
                #expect(report.exceptions.isEmpty)
                #expect(report.configuration.first { $0.document == "cors" }?.state == .restored)
                let target = service.store(for: bucket + "-back")
                #expect(try await target.head(ObjectKey("held"), version: nil).hasLegalHold)
                let retention = try await target.head(ObjectKey("governed"), version: nil).retention
                #expect(retention == ObjectRetention(mode: .governance, until: Self.future))
                let free = try await target.head(ObjectKey("free"), version: nil)
                #expect(free.retention == nil && !free.hasLegalHold)
                let acl = try ObjectACL(document: try await target.acl(of: ObjectKey("free"), version: nil))
                #expect(Set(acl.grants) == Set(Self.publicACL.owned(by: owner).grants))
                let restored = String(
                    decoding: try await service.document(.cors, of: bucket + "-back") ?? [], as: UTF8.self)
                #expect(restored.contains("https://example.com"))
            }
        }
    }
}
