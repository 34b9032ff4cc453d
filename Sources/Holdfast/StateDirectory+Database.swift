// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Glibc
import SystemPackage

extension StateDirectory {
    /// Opens the database of the service, `service.db`, makes it if it is missing, runs `body`, and closes it, however
    /// that ends.
    ///
    /// - Throws: ``HoldfastError`` when the directory cannot be made or the file cannot be used.
    package func withDatabase<Result>(_ body: (StateDatabase) async throws -> Result) async throws -> Result {
        let database = try await database()
        do {
            let result = try await body(database)
            try await database.close()
            return result
        } catch {
            try? await database.close()
            throw error
        }
    }

    /// Runs `body` as the one service of this state directory: a second one would begin the same plans.
    ///
    /// The lock belongs to the open file, so that it ends with the process, however that ends.
    /// - Throws: ``HoldfastError`` `.conflict` when there is a service already.
    package func withServiceLock<Result>(_ body: () async throws -> Result) async throws -> Result {
        let path = root.appending("service.lock")
        let file = try await FileThread.run {
            try FileSystemNames.makeDirectory(path.removingLastComponent())
            return try HoldfastError.withFile("open", path) {
                try FileDescriptor.open(
                    path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
            }
        }
        defer { try? file.close() }
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            throw HoldfastError(
                .conflict, "Another holdfast serve is at work with the state in \(root).",
                hint: "Stop it first, or name another directory with --state-directory.")
        }
        return try await body()
    }

    /// The database, for those who close it themselves.
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
        do {
            return try await StateDatabase.open(at: root.appending("service.db"))
        } catch let error as CatalogError {
            throw HoldfastError(
                .failed, "The state of the service cannot be opened: \(error)",
                hint: "Backups are not affected. Without the file, tokens, plans' states and history begin anew.")
        }
    }
}
