// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Testing

@Suite struct BackupNameTests {
    @Test(arguments: [
        "a", "nightly-1", "bucket_x_20261123_040506", "A.b_c-d", "_x", String(repeating: "n", count: 200),
    ])
    func namesAreAccepted(text: String) throws {
        #expect(try BackupName(text).rawValue == text)
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "-x", "a/b", "../x", "a b", "ä", "a\n", "a\u{0}", String(repeating: "n", count: 201),
    ])
    func namesAreRefused(text: String) {
        #expect(throws: HoldfastError.self) { try BackupName(text) }
    }

    @Test(arguments: ["x", "x.tar.gz", "x.tar.zst", "x.tar.gz.age", "x.tar.zst.age"])
    func extensionsAreTakenOff(text: String) throws {
        #expect(try BackupName(withoutExtension: text).rawValue == "x")
    }

    @Test func generatedNamesAreOfTheBucketAndTheTime() throws {
        let date = Date(timeIntervalSince1970: 1_795_406_706)
        #expect(try BackupName.generated(bucket: "diagrams", at: date).rawValue == "bucket_diagrams_20261123_040506")
        #expect(try BackupName.generated(bucket: "we:ird/b", at: date).rawValue == "bucket_we_ird_b_20261123_040506")
    }

    @Test(arguments: ["x.tar.gz", "x.tar.zst", "x.tar.gz.age", "x.tar.zst.age"])
    func fileNamesRoundTrip(text: String) throws {
        #expect(try #require(ArchiveFile(fileName: text)).fileName == text)
    }

    @Test(arguments: ["x", ".partial-x.tar.gz", "x.zip", ".tar.gz", "a b.tar.gz", "x.tar.gz.partial"])
    func strangersAreNotArchives(text: String) {
        #expect(ArchiveFile(fileName: text) == nil)
    }
}
