// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOPosix
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// `tar --xattrs`, then `rclone copy --metadata`: headers and user metadata come back to a server without Holdfast.
@Suite(.timeLimit(.minutes(5))) struct RcloneTests {
    /// The headers that rclone's S3 backend sets; it knows neither `expires` nor redirects.
    private static let headers = [
        Field("content-type", "text/x-test; charset=utf-8"), Field("cache-control", "max-age=60, private"),
        Field("content-disposition", "attachment; filename=\"a b.txt\""), Field("content-encoding", "br"),
        Field("content-language", "de, en"),
    ]

    /// What rclone's local backend tells of every file, which its S3 backend keeps as user metadata.
    private static let added: Set<String> = ["atime", "btime", "gid", "mode", "mtime", "rdev", "uid"]

    private static let objects: [(key: String, attributes: ObjectAttributes)] = [
        ("all", ObjectAttributes(headers: headers, metadata: [Field("owner", "somebody"), Field("a-b_c.d", "1=2 3")])),
        ("folder/some", ObjectAttributes(headers: [headers[0]], metadata: [Field("origin", "elsewhere")])),
        ("folder/below/none", ObjectAttributes(headers: [Field("content-type", "application/x-nothing-else")])),
    ]

    @Test(
        .enabled(
            "Neither the temporary directory nor the repository lies on a file system that keeps user.* attributes",
            { try await AttributeFolder.find() != nil }),
        arguments: TestServer.expected.filter { $0.name == "seaweedfs" })
    func headersAndMetadataComeBackWithoutHoldfast(server: TestServer) async throws {
        try await Scene.with { scene in
            for (key, attributes) in Self.objects { try await scene.store.put(key, Array(key.utf8), attributes) }
            let report = try await scene.backUp()
            try await AttributeFolder.with { folder in
                try await Tool(name: "tar", directory: folder).run(
                    "--extract", "--xattrs", "--xattrs-include=user.*", "--file",
                    scene.archives.appending(report.file).string)
                try await Self.check(folder, on: server, scene)
            }
        }
    }

    /// Copies the folder into a new bucket of the server and compares what is there.
    private static func check(_ folder: FilePath, on server: TestServer, _ scene: Scene) async throws {
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            let service = try server.service(over: transport)
            let bucket = "rclone-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            let configuration = scene.root.appending("rclone.conf")
            try write(try Self.configuration(of: server).utf8, to: configuration)
            try await Tool(name: program(), directory: scene.root).run(
                "copy", "--metadata", "--config", configuration.string, "--exclude", "/.holdfast/**", "--exclude",
                "/.backup_metadata.json", folder.string, "server:\(bucket)")
            let target = service.store(for: bucket)
            for (key, attributes) in objects {
                let found = try await target.head(ObjectKey(key), version: nil)
                #expect(Set(found.attributes.headers) == Set(attributes.headers), "\(key)")
                let metadata = found.attributes.metadata.filter { !added.contains($0.name) }
                #expect(Set(metadata) == Set(attributes.metadata), "\(key)")
                #expect(try await target.text(key) == key)
            }
            try await transport.shutdown()
        } catch {
            try await transport.shutdown()
            throw error
        }
    }

    private static func configuration(of server: TestServer) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        return """
            [server]
            type = s3
            provider = Other
            region = us-east-1
            endpoint = \(try #require(environment["HOLDFAST_TEST_\(server.name.uppercased())"]))
            access_key_id = \(try #require(environment["HOLDFAST_TEST_ACCESS_KEY"]))
            secret_access_key = \(try #require(environment["HOLDFAST_TEST_SECRET_KEY"]))
            """
    }

    /// `make test` installs it among the Python packages; elsewhere the machine's own will do.
    private static func program() -> String {
        guard let folder = ProcessInfo.processInfo.environment["HOLDFAST_TEST_VENV"] else { return "rclone" }
        return "\(folder)/bin/rclone"
    }
}
