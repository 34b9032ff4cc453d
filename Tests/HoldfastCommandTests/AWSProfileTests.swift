// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import Testing

@testable import HoldfastCommand

@Suite("Profiles of the AWS tools")
struct AWSProfileTests {
    @Test("Sections, comments, nested settings and odd blanks")
    func sections() {
        let sections = AWSProfile.profileSections(
            """
            # a comment
            stray = 1
            [default]
            region=eu-west-1
            s3 =
              addressing_style = path
            ; another
            [ profile  with-blanks ]
            aws_access_key_id\t=  AKIA\u{20}
            Region = us-east-2
            [empty]
            broken
            """)
        #expect(sections["default"] == ["region": "eu-west-1"])
        #expect(sections["profile with-blanks"] == ["aws_access_key_id": "AKIA", "region": "us-east-2"])
        #expect(sections["empty"] == [:])
        #expect(sections.count == 3)
    }

    @Test("Keys come from the credentials file first, and only as a pair")
    func pairs() throws {
        var places = Places()
        places.files["/home/ada/.aws/config"] = "[default]\naws_access_key_id = C\naws_secret_access_key = c\n"
        #expect(try AWSProfile.read(places.surroundings)?.credentials?.value.accessKey == "C")
        places.files["/home/ada/.aws/credentials"] = "[default]\naws_access_key_id = D\naws_secret_access_key = d\n"
        #expect(try AWSProfile.read(places.surroundings)?.credentials?.value.accessKey == "D")
        places.files["/home/ada/.aws/credentials"] = "[default]\naws_access_key_id = D\n"
        #expect(throws: HoldfastError.self) { try AWSProfile.read(places.surroundings) }
    }

    @Test("Files elsewhere, and no files at all")
    func files() throws {
        var places = Places()
        #expect(try AWSProfile.read(places.surroundings) == nil)
        places.environment["AWS_SHARED_CREDENTIALS_FILE"] = "~/keys"
        places.files["/home/ada/keys"] = "[default]\naws_access_key_id=A\naws_secret_access_key=b\naws_session_token=t"
        #expect(try AWSProfile.read(places.surroundings)?.credentials?.value.sessionToken?.reveal() == "t")
    }

    @Test("A profile that gets its keys in a way of its own is refused with a way out")
    func foreign() throws {
        var places = Places()
        places.environment["AWS_PROFILE"] = "sso"
        places.files["/home/ada/.aws/config"] = "[profile sso]\nsso_session = corp\nregion = eu-west-1\n"
        let refusal = try #require(try places.refusal())
        #expect(refusal.message == "The AWS profile sso gets its keys by sso_session, which is not supported.")
        #expect(refusal.hint?.contains("export-credentials --profile sso") == true)
    }
}
