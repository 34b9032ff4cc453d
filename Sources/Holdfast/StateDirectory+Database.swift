// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import SystemPackage

extension StateDirectory {
    /// Opens the database of the service, `service.db`, and makes it if it is missing.
    ///
    /// - Throws: ``HoldfastError`` when the directory cannot be made, ``CatalogError`` when the file cannot be used.
    package func database() async throws -> StateDatabase {
        let root = root
        try await FileThread.run {
            do {
                try FileSystemNames.makeDirectory(root)
            } catch let error as HoldfastError {
                throw HoldfastError(
                    error.code, error.message,
                    hint: "Name a directory that this user may write to (HOLDFAST_STATE_DIRECTORY).")
            }
        }
        return try await StateDatabase.open(at: root.appending("service.db"))
    }
}
