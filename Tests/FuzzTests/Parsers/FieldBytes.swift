// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

@testable import Catalog

/// The texts of a row that have a form of their own: lists of fields and of extents.
enum FieldBytes {
    static func read(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        if let fields = FieldText.decode(text) {
            let again = FieldText.encode(fields).map(FieldText.decode) ?? []
            try demand(again == fields, "fields are not what they were when they are written and read")
        }
        if let extents = ExtentText.decode(text) {
            let again = ExtentText.encode(extents).map(ExtentText.decode) ?? []
            try demand(again == extents, "extents are not what they were when they are written and read")
        }
        // Any bytes may be the value of a header or a tag.
        let field = [CatalogField(name: text, value: bytes)]
        try demand(FieldText.encode(field).flatMap(FieldText.decode) == field, "a field is not read as it was written")
    }
}
