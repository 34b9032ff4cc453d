// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One header, one piece of user metadata or one tag of an object, as the server gave it.
package struct CatalogField: Hashable, Sendable {
    /// The name; header and metadata names in lower case, without `x-amz-meta-`.
    package var name: String
    /// The value's bytes; usually, but not always, UTF-8.
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    package init(name: String, value: String) {
        self.init(name: name, value: Array(value.utf8))
    }
}

/// A run of bytes in the (uncompressed) tar stream of an archive.
package struct Extent: Hashable, Sendable {
    /// 0 is the archive that holds the catalog; any other number a row of the table `archives`.
    package var archive: Int
    /// The first byte, counted from the start of the tar stream.
    package var offset: Int64
    /// Bytes; 0 for an object without content.
    package var length: Int64

    package init(archive: Int = 0, offset: Int64, length: Int64) {
        self.archive = archive
        self.offset = offset
        self.length = length
    }
}
