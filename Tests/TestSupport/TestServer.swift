// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage

import class Foundation.ProcessInfo

/// A real S3 server that the tests run against, as `make test` starts it.
package struct TestServer: Sendable {
    /// As `HOLDFAST_TEST_SERVERS` calls it.
    package let name: String
    /// What it can do.
    package let limits: StoreLimits

    package static let all = [
        TestServer(name: "seaweedfs", limits: .seaweedfs), TestServer(name: "ceph", limits: .ceph),
        TestServer(name: "juicefs", limits: .juicefs), TestServer(name: "ministack", limits: .ministack),
    ]

    /// Those that this run is meant to use: all unless `HOLDFAST_TEST_SERVERS` names some, or `none`.
    package static var expected: [TestServer] {
        guard let names = ProcessInfo.processInfo.environment["HOLDFAST_TEST_SERVERS"] else { return all }
        let chosen = Set(names.split(separator: " ").map(String.init))
        return all.filter { chosen.contains($0.name) }
    }

    /// Those that keep old versions, with all that belongs to them: MiniStack does not tell the tags of a version under a
    /// delete marker, and allows no public ACL.
    package static var withHistories: [TestServer] {
        expected.filter { $0.limits.capabilities.contains(.versioning) && $0.name != "ministack" }
    }

    /// A client of this server.
    ///
    /// - Throws: ``TestServerMissing`` when nothing says where it is: a test that needs it must not pass silently.
    package func service(
        over transport: any S3Transport, options: S3ClientOptions = S3ClientOptions()
    ) throws -> S3Service {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment["HOLDFAST_TEST_\(name.uppercased())"],
            let accessKey = environment["HOLDFAST_TEST_ACCESS_KEY"],
            let secretKey = environment["HOLDFAST_TEST_SECRET_KEY"]
        else { throw TestServerMissing(name: name) }
        let credentials = S3Credentials(accessKey: accessKey, secretKey: Secret(secretKey))
        return S3Service(
            S3Client(
                endpoint: try S3Endpoint(endpoint), credentials: credentials, region: "us-east-1",
                transport: transport, options: options))
    }
}

/// A server that should be there and is not.
package struct TestServerMissing: Error, CustomStringConvertible {
    let name: String

    package init(name: String) {
        self.name = name
    }

    package var description: String {
        "no \(name) to test against: run `make test`, which starts it, or set HOLDFAST_TEST_SERVERS=none to do without"
    }
}
