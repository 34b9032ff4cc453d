// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Catalog

@Suite struct FieldTextTests {
    @Test func theTextIsPlainJSON() {
        #expect(FieldText.encode([]) == nil)
        #expect(
            FieldText.encode([CatalogField(name: "a\"b", value: "c\\\n"), CatalogField(name: "é", value: [0xFF])])
                == #"[["a\"b","c\\\u000a"],["é",{"base64":"/w=="}]]"#)
        #expect(ExtentText.encode([]) == nil)
        #expect(
            ExtentText.encode([Extent(offset: 512, length: 0), Extent(archive: 3, offset: 1, length: 2)])
                == "[[0,512,0],[3,1,2]]")
    }

    @Test func otherWritersOfJSONAreRead() {
        let text = #" [ [ "\u00e9\ud83d\ude42\/\b\f\n\r\t" , { "base64" : "AAE=" } ] , [ "" , "" ] ] "#
        #expect(
            FieldText.decode(text) == [
                CatalogField(name: "é🙂/\u{8}\u{C}\n\r\t", value: [0, 1]), CatalogField(name: "", value: []),
            ])
        #expect(FieldText.decode("[]") == [])
        #expect(ExtentText.decode(" [ [ 0 , 1 , 2 ] ] ") == [Extent(offset: 1, length: 2)])
    }

    @Test(arguments: [
        "", "[", "]", "[[]]", #"[["a"]]"#, #"[["a","b"]"#, #"[["a","b"],]"#, #"[["a","b","c"]]"#, #"[["a",1]]"#,
        #"[["a","\x"]]"#, #"[["a","\u12"]]"#, #"[["a","\ud83d"]]"#, #"[["a","\ude42"]]"#, #"[["a","\ud83d\u0041"]]"#,
        "[[\"a\",\"\n\"]]", #"[["a",{"base64":"A"}]]"#, #"[["a",{"hex":"00"}]]"#, #"[["a","b"]][]"#, #"[["a","b]]"#,
        #"[["a","b\"#, #"[[{"base64":"/w=="},"b"]]"#, #"[["a","\u00e９"]]"#,
    ])
    func whatIsNoListOfFieldsIsRefused(_ text: String) {
        #expect(FieldText.decode(text) == nil)
    }

    @Test(arguments: [
        "", "[0,1,2]", "[[0,1]]", "[[0,1,2,3]]", "[[0,1,-2]]", "[[0,1,2.0]]", "[[0,1,9223372036854775808]]", "[[,1,2]]",
    ])
    func whatIsNoListOfExtentsIsRefused(_ text: String) {
        #expect(ExtentText.decode(text) == nil)
    }
}
