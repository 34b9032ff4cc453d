// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Where the source comes from")
struct ConfigurationTests {
    @Test("The environment of MinIO is enough")
    func minio() throws {
        let source = try #require(try Places.minio.resolve().configuration.source)
        #expect(source.endpoint.description == "http://minio:9000")
        #expect(source.credentials.accessKey == "minio-user")
        #expect(source.credentials.secretKey.reveal() == "minio-secret")
        #expect(source.region == "us-east-1")
        #expect(source.origin == "endpoint from MINIO_ENDPOINT, keys from MINIO_ROOT_USER")
    }

    @Test("Flags come before the file, the file before the environment; keys as a pair")
    func order() throws {
        var places = Places.minio
        places.files["/home/ada/.config/holdfast/holdfast.yaml"] = """
            source:
              endpoint: http://file:1
              access_key: file-user
              secret_key: file-secret
              region: file-1
            """
        places.files["/secret"] = "flag-secret\n"
        let byFile = try #require(try places.resolve().configuration.source)
        #expect(byFile.endpoint.description == "http://file:1")
        #expect(byFile.credentials.secretKey.reveal() == "file-secret")
        #expect(byFile.region == "file-1")

        let flags = ["--endpoint", "http://flag:2", "--access-key", "flag-user", "--secret-key-file", "/secret"]
        let byFlags = try #require(try places.resolve(flags).configuration.source)
        #expect(byFlags.endpoint.description == "http://flag:2")
        #expect(byFlags.credentials == S3Credentials(accessKey: "flag-user", secretKey: Secret("flag-secret")))
        #expect(byFlags.region == "file-1")
    }

    @Test("Keys of Amazon's kind need no endpoint")
    func amazon() throws {
        var places = Places()
        places.environment["AWS_ACCESS_KEY_ID"] = "AKIA"
        places.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        places.environment["AWS_SESSION_TOKEN"] = "token"
        places.environment["AWS_REGION"] = "eu-central-1"
        let source = try #require(try places.resolve().configuration.source)
        #expect(source.endpoint.description == "https://s3.eu-central-1.amazonaws.com")
        #expect(source.credentials.sessionToken?.reveal() == "token")
        places.environment["AWS_REGION"] = nil
        places.environment["AWS_DEFAULT_REGION"] = "cn-north-1"
        #expect(
            try places.resolve().configuration.source?.endpoint.description == "https://s3.cn-north-1.amazonaws.com.cn")
    }

    @Test("The endpoint of S3 comes before the endpoint of everything")
    func endpointOrder() throws {
        var places = Places()
        places.environment["AWS_ACCESS_KEY_ID"] = "AKIA"
        places.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        places.environment["AWS_ENDPOINT_URL"] = "http://all:1"
        #expect(try places.resolve().configuration.source?.endpoint.description == "http://all:1")
        places.environment["AWS_ENDPOINT_URL_S3"] = "http://s3:1"
        #expect(try places.resolve().configuration.source?.endpoint.description == "http://s3:1")
        places.environment["MINIO_ENDPOINT"] = "http://minio:1"
        #expect(try places.resolve().configuration.source?.endpoint.description == "http://minio:1")
    }

    @Test("An AWS profile gives keys, region and endpoint")
    func profile() throws {
        var places = Places()
        places.environment["AWS_PROFILE"] = "backup"
        places.files["/home/ada/.aws/credentials"] =
            "[backup]\naws_access_key_id = AKIB\naws_secret_access_key=s=cret\n"
        places.files["/home/ada/.aws/config"] =
            "[profile backup]\nregion = eu-west-3\nendpoint_url = http://ceph:7480\n"
        let source = try #require(try places.resolve().configuration.source)
        #expect(source.credentials == S3Credentials(accessKey: "AKIB", secretKey: Secret("s=cret")))
        #expect(source.region == "eu-west-3")
        #expect(source.endpoint.description == "http://ceph:7480")
        places.environment["AWS_PROFILE"] = "missing"
        #expect(try places.refusal()?.message.contains("AWS_PROFILE names missing") == true)
    }

    /// Variables that make no source, and what must be said of them.
    struct Broken: Sendable, CustomTestStringConvertible {
        let environment: [String: String]
        let says: String
        var testDescription: String { says }
    }

    @Test(
        "Half a configuration is refused",
        arguments: [
            Broken(environment: [:], says: "No server is configured."),
            Broken(
                environment: ["MINIO_ENDPOINT": "http://minio:9000"], says: "There are no keys for http://minio:9000"),
            Broken(
                environment: ["MINIO_ROOT_USER": "ada"], says: "MINIO_ROOT_USER is set and MINIO_ROOT_PASSWORD is not."),
            Broken(
                environment: ["MINIO_ROOT_PASSWORD": "pass"],
                says: "MINIO_ROOT_PASSWORD is set and MINIO_ROOT_USER is not."),
            Broken(
                environment: ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_ENDPOINT_URL": "http://a"],
                says: "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not."),
            Broken(
                environment: ["MINIO_ROOT_USER": "ada", "MINIO_ROOT_PASSWORD": "pass"],
                says: "There are keys (MINIO_ROOT_USER) and no server to use them with."),
            Broken(
                environment: ["MINIO_ENDPOINT": "minio:9000", "MINIO_ROOT_USER": "ada", "MINIO_ROOT_PASSWORD": "pass"],
                says: "MINIO_ENDPOINT makes no sense: the endpoint has no scheme"),
        ])
    func broken(_ broken: Broken) throws {
        let refusal = try #require(try Places(environment: broken.environment.merging(["HOME": "/h"]) { $1 }).refusal())
        #expect(refusal.code == .invalidConfiguration)
        #expect(refusal.message.contains(broken.says))
        #expect(refusal.description.contains("pass\"") == false)
    }

    @Test(
        "One key flag without the other is refused",
        arguments: [["--access-key", "a"], ["--secret-key-file", "/secret"]])
    func halfAPair(_ flags: [String]) throws {
        #expect(
            try Places.minio.refusal(flags)?.message
                == "--access-key and --secret-key-file belong together and one is missing.")
    }

    @Test("A missing secret file is named, and more than a line is no secret")
    func secretFiles() throws {
        var places = Places.minio
        let flags = ["--access-key", "a", "--secret-key-file", "/run/secret"]
        #expect(try places.refusal(flags)?.message == "There is no file /run/secret, which --secret-key-file names.")
        places.files["/run/secret"] = "one\ntwo\n"
        let refusal = try #require(try places.refusal(flags))
        #expect(refusal.message.contains("2 lines") && !refusal.message.contains("two"))
    }

    @Test(
        "Addressing",
        arguments: [("path", S3Endpoint.Addressing.path), ("virtual", .virtualHost), ("auto", .automatic)])
    func addressing(_ word: String, _ expected: S3Endpoint.Addressing) throws {
        #expect(try Places.minio.resolve(["--addressing", word]).configuration.source?.endpoint.addressing == expected)
    }

    @Test("The state lives where it is told, or at the usual place")
    func state() throws {
        var places = Places.minio
        #expect(try places.resolve().configuration.stateDirectory == "/home/ada/.local/state/holdfast")
        places.environment["XDG_STATE_HOME"] = "/state"
        #expect(try places.resolve().configuration.stateDirectory == "/state/holdfast")
        places.userID = 0
        #expect(try places.resolve().configuration.stateDirectory == "/var/lib/holdfast")
        places.environment["HOLDFAST_STATE_DIRECTORY"] = "/elsewhere"
        #expect(try places.resolve().configuration.stateDirectory == "/elsewhere")
        #expect(try places.resolve(["--state-directory", "~/x"]).configuration.stateDirectory == "/home/ada/x")
    }

    @Test("Secrets print as redacted, wherever a configuration is printed")
    func redaction() throws {
        var dumped = ""
        dump(try Places.minio.resolve().configuration, to: &dumped)
        #expect(dumped.contains("minio-user") && !dumped.contains("minio-secret"))
    }
}
