// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// An earlier catalog of the same bucket: what is unchanged since then is taken over from it.
package struct CatalogBase: Hashable, Sendable {
    /// A finished catalog that ``CatalogReader/open(at:)`` accepts.
    package var path: FilePath
    /// The file name of the archive that holds it.
    package var archive: String

    package init(path: FilePath, archive: String) {
        self.path = path
        self.archive = archive
    }
}
