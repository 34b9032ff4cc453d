// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
package import SystemPackage

/// What a service knows beside its backups: tokens, runs, plans, the audit log and answers given. One SQLite file.
///
/// Several processes may have it open at once. Its loss loses history and access, and no backup.
package final class StateDatabase: Sendable {
    let queue: DatabaseQueue
    package let path: FilePath

    private init(queue: DatabaseQueue, path: FilePath) {
        self.queue = queue
        self.path = path
    }

    /// Opens the file, makes it if it is missing, and brings its tables up to date.
    ///
    /// - Throws: ``CatalogError/storage(_:_:)`` when the file cannot be used, ``CatalogError/corrupt(_:_:)`` when it is
    ///   damaged, ``CatalogError/tooNew(_:version:)`` when a newer Holdfast has changed it.
    package static func open(at path: FilePath) async throws -> StateDatabase {
        try await blocking {
            do {
                // Before SQLite makes it readable to others: it holds who may do what.
                try FileDescriptor.open(
                    path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite
                ).close()
                var configuration = Configuration()
                configuration.label = "state"
                configuration.journalMode = .wal
                // Another process writes for milliseconds; a disk may be slow.
                configuration.busyMode = .timeout(30)
                let queue = try DatabaseQueue(path: path.string, configuration: configuration)
                let migrator = StateSchema.migrator
                guard try queue.read({ try !migrator.hasBeenSuperseded($0) }) else {
                    throw CatalogError.tooNew(path, version: StateSchema.migrator.migrations.count + 1)
                }
                try migrator.migrate(queue)
                return StateDatabase(queue: queue, path: path)
            } catch let error as Errno {
                throw CatalogError.storage(path, error.description)
            } catch {
                throw CatalogError.translating(error, at: path)
            }
        }
    }

    /// Reads in one transaction.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await queue.read(body)
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }

    /// Writes in one transaction: all of it is durable afterwards, or nothing of it.
    ///
    /// Also when the task is cancelled: a client that hangs up must not keep what it did out of the audit log.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await Task { [queue] in try await queue.write(body) }.value
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }

    /// Lets go of the file.
    package func close() async throws {
        let queue = queue
        try await blocking { try queue.close() }
    }
}

extension Date {
    /// Milliseconds since 1970, UTC: how the database keeps times.
    var databaseTime: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }

    init(databaseTime: Int64) { self.init(timeIntervalSince1970: Double(databaseTime) / 1000) }
}
