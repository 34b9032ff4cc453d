// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct S3BucketTests {
    @Test func listsBucketsOverPages() async throws {
        let transport = CannedTransport(
            .canned(
                200,
                "<ListAllMyBucketsResult><Owner><ID>o</ID><DisplayName>Name</DisplayName></Owner><Buckets><Bucket><Name>a</Name>"
                    + "</Bucket><Bucket><Name>b</Name></Bucket></Buckets><ContinuationToken>t</ContinuationToken>"
                    + "</ListAllMyBucketsResult>"),
            .canned(
                200,
                "<ListAllMyBucketsResult><Buckets><Bucket><Name>c</Name></Bucket></Buckets></ListAllMyBucketsResult>"))
        #expect(try await S3Service(transport.client()).buckets() == ["a", "b", "c"])
        #expect(transport.lines == ["GET /", "GET /?continuation-token=t"])
    }

    @Test(arguments: [("us-east-1", ""), ("eu-west-3", "<LocationConstraint>eu-west-3</LocationConstraint>")])
    func createsInTheRegion(_ region: String, _ constraint: String) async throws {
        let transport = CannedTransport(.canned(200))
        let client = try transport.client(region: region)
        try await client.createBucket("b", objectLock: true)
        let request = try #require(transport.requests.first)
        #expect(transport.lines == ["PUT /b"])
        #expect(request.header("x-amz-bucket-object-lock-enabled") == "true")
        #expect(constraint.isEmpty ? request.body == nil : request.bodyText.contains(constraint))
    }

    @Test func existingMeansUsable() async throws {
        #expect(try await CannedTransport(.canned(200)).client().bucketExists("b"))
        #expect(try await !CannedTransport(.canned(404)).client().bucketExists("b"))
        let denied = try CannedTransport(.canned(403)).client()
        #expect(await storeError { _ = try await denied.bucketExists("b") }?.code == .accessDenied)
        let refused = CannedTransport(
            .canned(403),
            .canned(403, "<Error><Code>SignatureDoesNotMatch</Code><Message>The signature is wrong.</Message></Error>"))
        let client = try refused.client()
        #expect(await storeError { _ = try await client.bucketExists("b") }?.code == .unauthorized)
        #expect(refused.lines.map { $0.prefix(15) } == ["HEAD /b", "GET /b?location"])
        let elsewhere = try CannedTransport(.canned(301, headers: [("x-amz-bucket-region", "eu-central-1")])).client()
        let error = await storeError { _ = try await elsewhere.bucketExists("b") }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains("set the region to eu-central-1") == true)
    }

    @Test(arguments: [
        ("<LocationConstraint xmlns=\"x\"/>", "us-east-1"),
        ("<LocationConstraint>EU</LocationConstraint>", "eu-west-1"),
        ("<LocationConstraint>default</LocationConstraint>", "default"),
        (
            "<CreateBucketConfiguration><LocationConstraint></LocationConstraint></CreateBucketConfiguration>",
            "us-east-1"
        ),
        ("<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint></CreateBucketConfiguration>", "x"),
    ])
    func readsLocations(_ body: String, _ region: String) async throws {
        #expect(try await CannedTransport(.canned(200, body)).client().location(of: "b") == region)
    }

    static let contents: [(BucketDocument, String)] = [
        (.versioning, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        (.policy, " {\"Version\": \"2012-10-17\"}"),
        (.lifecycle, "<LifecycleConfiguration><Rule/></LifecycleConfiguration>"),
        (.cors, "<CORSConfiguration><CORSRule/></CORSConfiguration>"),
        (.encryption, "<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>"),
        (.notification, "<NotificationConfiguration><QueueConfiguration/></NotificationConfiguration>"),
        (.tagging, "<Tagging><TagSet/></Tagging>"),
        (
            .objectLock,
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
        ),
        (.ownershipControls, "<OwnershipControls><Rule/></OwnershipControls>"),
        (.acl, "<AccessControlPolicy><Owner/></AccessControlPolicy>"),
    ]

    @Test(arguments: contents)
    func documentsAreKeptByteForByte(_ document: BucketDocument, _ content: String) async throws {
        let transport = CannedTransport(.canned(200, content))
        let service = S3Service(try transport.client())
        #expect(try await service.document(document, of: "b") == Array(content.utf8))
        try await service.setDocument(document, of: "b", to: Array(content.utf8))
        #expect(
            transport.lines == [
                "GET /b?\(document.rawValue)=", "GET /b?\(document.rawValue)=", "PUT /b?\(document.rawValue)=",
            ])
        let put = try #require(transport.requests.last)
        #expect(put.bodyText == content)
        #expect(put.header("content-md5") == put.body?.buffer?.contentMD5)
        #expect(put.header("content-type") == (document == .policy ? "application/json" : "application/xml"))
    }

    /// A server that passes over the query lists the bucket, and would create or delete it.
    @Test(arguments: BucketDocument.allCases)
    func unknownDocumentsAreNeverWritten(_ document: BucketDocument) async throws {
        let transport = CannedTransport(.canned(200, "<ListBucketResult></ListBucketResult>"))
        let client = try transport.client()
        for content in [Array("<x/>".utf8), nil] {
            let error = await storeError { try await client.setDocument(document, of: "b", to: content) }
            #expect(error?.code == .notImplemented)
        }
        #expect(transport.requests.allSatisfy { $0.method == "GET" })
    }

    @Test(arguments: [
        (BucketDocument.policy, 404, "NoSuchBucketPolicy"), (.lifecycle, 404, "NoSuchLifecycleConfiguration"),
        (.cors, 404, "NoSuchCORSConfiguration"), (.tagging, 404, "NoSuchTagSet"),
        (.encryption, 404, "ServerSideEncryptionConfigurationNotFoundError"),
        (.objectLock, 404, "ObjectLockConfigurationNotFoundError"),
        (.ownershipControls, 404, "OwnershipControlsNotFoundError"),
    ])
    func notSetIsNil(_ document: BucketDocument, _ status: Int, _ code: String) async throws {
        let transport = CannedTransport(.error(status, code))
        let client = try transport.client()
        #expect(try await client.document(document, of: "b") == nil)
        // Removing what is not there asks, and does no more.
        try await client.setDocument(document, of: "b", to: nil)
        #expect(transport.requests.allSatisfy { $0.method == "GET" })
    }

    @Test func emptyDocumentsAreNil() async throws {
        #expect(
            try await CannedTransport(.canned(200, "<VersioningConfiguration/>")).client().document(
                .versioning, of: "b") == nil)
        #expect(try await CannedTransport(.canned(200, "")).client().document(.policy, of: "b") == nil)
    }

    @Test func otherErrorsStayErrors() async throws {
        for (answer, code) in [
            (WireResponse.error(404, "NoSuchBucket"), ObjectStoreError.Code.noSuchBucket),
            (.error(403, "AccessDenied"), .accessDenied), (.error(501, "NotImplemented"), .notImplemented),
            (.canned(200, "<html/>"), .badAnswer),
        ] {
            let client = try CannedTransport(answer).client()
            #expect(await storeError { _ = try await client.document(.cors, of: "b") }?.code == code)
        }
    }

    @Test func removalDependsOnTheDocument() async throws {
        func lines(_ document: BucketDocument) async throws -> (ObjectStoreError.Code?, [String], String) {
            let content = try #require(Self.contents.first { $0.0 == document }).1
            let transport = CannedTransport(.canned(200, content))
            let client = try transport.client()
            let error = await storeError { try await client.setDocument(document, of: "b", to: nil) }
            return (error?.code, Array(transport.lines.dropFirst()), transport.requests.last?.bodyText ?? "")
        }
        #expect(try await lines(.cors) == (nil, ["DELETE /b?cors="], ""))
        let notification = try await lines(.notification)
        #expect(notification.1 == ["PUT /b?notification="])
        #expect(notification.2.hasPrefix("<NotificationConfiguration"))
        #expect(try await lines(.objectLock).2.contains("<ObjectLockEnabled>Enabled</ObjectLockEnabled>"))
        #expect(try await lines(.versioning) == (.badRequest, [], ""))
        #expect(try await lines(.acl) == (.badRequest, [], ""))
    }

    /// SeaweedFS takes a PUT of a sub-resource that it does not know for CreateBucket.
    @Test func aPutTakenForCreateBucketIsNotImplemented() async throws {
        let transport = CannedTransport { request, _ in
            request.method == "GET"
                ? .canned(200, "<NotificationConfiguration/>") : .error(409, "BucketAlreadyOwnedByYou")
        }
        let client = try transport.client()
        let error = await storeError { try await client.setDocument(.notification, of: "b", to: Array("<x/>".utf8)) }
        #expect(error?.code == .notImplemented)
    }

    @Test func identityComesFromTheHeadersAndIsRemembered() async throws {
        let transport = CannedTransport(
            .error(
                403, "SignatureDoesNotMatch",
                headers: [("server", "SeaweedFS 30GB 4.48"), ("date", "Fri, 24 May 2013 01:00:00 GMT")]))
        let service = S3Service(try transport.client(region: "r"))
        let identity = try await service.identify()
        #expect(
            identity
                == ServerIdentity(
                    product: "SeaweedFS 30GB 4.48", region: "r", tellsTagCount: true,
                    clock: Date(timeIntervalSince1970: 1_369_357_200)))
        #expect(try await service.identify() == identity)
        #expect(transport.requests.count == 1)
        #expect(service.name == "http://s3.test:9000")
        #expect(service.store(for: "b").bucket == "b")
    }

    @Test func aProxyThatFailsIsNoServer() async throws {
        let service = S3Service(try CannedTransport(.canned(502, headers: [("server", "nginx")])).client())
        #expect(await storeError { _ = try await service.identify() }?.code == .serverFailure)
    }
}
