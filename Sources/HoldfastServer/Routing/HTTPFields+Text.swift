// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension HTTPFields {
    /// A field by its name; a text that is no name is never there.
    subscript(named name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set { if let name = HTTPField.Name(name) { self[name] = newValue } }
    }
}
