// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import SystemPackage
import TestSupport
import Testing

/// What the operating system says of a directory is passed on in its own few words.
@Suite struct DirectoryErrorTests {
    @Test func aFileInThePlaceOfTheVault() async throws {
        try await withTemporaryDirectory { root in
            let file = root.appending("file")
            try write("x".utf8, to: file)
            for directory in [file, file.appending("deep").appending("below")] {
                let error = await expectError(.failed) { try await DirectoryCopy(directory).prepare() }
                #expect(error?.message.hasSuffix("/buckets: not a directory.") == true)
                #expect(error?.hint?.contains("HOLDFAST_VAULT_DIRECTORY") == true)
                let listing = await expectError(.failed) { _ = try await DirectoryCopy(directory).archives() }
                #expect(listing?.message == "Cannot list \(directory)/buckets: not a directory.")
            }
        }
    }

    @Test func aDirectoryIsMadeWithThoseAboveItForTheUserAlone() async throws {
        try await withTemporaryDirectory { root in
            let copy = DirectoryCopy(root.appending("a").appending("b"))
            try await copy.prepare()
            try await copy.prepare()
            let facts = try FileManager.default.attributesOfItem(atPath: copy.root.appending("locks").string)
            #expect(facts[.posixPermissions] as? Int == 0o700)
        }
    }
}
