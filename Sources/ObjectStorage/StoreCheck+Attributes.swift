// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension StoreCheck {
    static let attributes: [StoreCheck] = [
        StoreCheck("content type, disposition and cache control come back") { scratch in
            let headers = [
                Field("content-type", "text/x-check; charset=utf-8"),
                Field("content-disposition", "attachment; filename=\"a b.txt\""),
                Field("cache-control", "max-age=60, no-transform"),
            ]
            try await checkHeaders(headers, scratch)
        },
        StoreCheck("encoding, language and expiry come back", requires: [.systemHeaders]) { scratch in
            let headers = [
                Field("content-encoding", "gzip"),
                Field("content-language", "de, en"),
                Field("expires", "Thu, 01 Dec 2044 16:00:00 GMT"),
            ]
            try await checkHeaders(headers, scratch)
        },
        StoreCheck("a website redirect comes back", requires: [.websiteRedirect]) { scratch in
            try await checkHeaders([Field("website-redirect-location", "/elsewhere")], scratch)
        },
        StoreCheck("user metadata comes back") { scratch in
            try await checkMetadata([Field("plain", "value"), Field("with-dash", "two  words = 1%")], scratch)
        },
        StoreCheck("metadata of no bytes comes back", requires: [.emptyMetadata]) { scratch in
            try await checkMetadata([Field("empty", ""), Field("full", "x")], scratch)
        },
        StoreCheck("a body is not decoded, whatever its encoding claims", requires: [.systemHeaders]) { scratch in
            let attributes = ObjectAttributes(headers: [Field("content-encoding", "gzip")])
            let content = Array("this is no gzip".utf8)
            try await scratch.put("encoded", content, attributes)
            try expect("content", try await scratch.read("encoded"), is: content)
        },
        StoreCheck("tags come back, also the awkward ones", requires: [.tagging]) { scratch in
            let tags = [Tag("project", "holdfast"), Tag("a b", "1+1=2 : x/y@z")]
            try await scratch.put("tagged", [1], ObjectAttributes(tags: tags))
            let found = try await scratch.store.tags(of: scratch.key("tagged"), version: nil)
            try expect("tags", Set(found), is: Set(tags))
            try await scratch.put("untagged", [1])
            try expect("no tags", try await scratch.store.tags(of: scratch.key("untagged"), version: nil), is: [])
        },
    ]

    private static func checkHeaders(_ headers: [Field], _ scratch: ScratchPrefix) async throws {
        try await scratch.put("headers", [1], ObjectAttributes(headers: headers))
        let head = try await scratch.store.head(scratch.key("headers"), version: nil)
        let body = try await scratch.store.get(scratch.key("headers"), GetOptions())
        for info in [head, body.info] {
            for header in headers {
                let found = info.attributes.headers.first { $0.name == header.name }
                try expect(header.name, found?.text, is: header.text)
            }
        }
    }

    private static func checkMetadata(_ metadata: [Field], _ scratch: ScratchPrefix) async throws {
        try await scratch.put("metadata", [1], ObjectAttributes(metadata: metadata))
        let head = try await scratch.store.head(scratch.key("metadata"), version: nil)
        let body = try await scratch.store.get(scratch.key("metadata"), GetOptions())
        for info in [head, body.info] {
            for field in metadata {
                let found = info.attributes.metadata.first { $0.name == field.name }
                try expect("metadata \(field.name)", found?.text, is: field.text)
            }
        }
    }
}
