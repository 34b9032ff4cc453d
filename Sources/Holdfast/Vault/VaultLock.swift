// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import NIOCore

/// Who is at work on a name, for other processes and hosts to see (format, order of writes, steps 1 and 6).
///
/// A lock ends with its release, with its expiry, or at once when it was taken on this host by a process that is gone.
struct VaultLock: Codable, Equatable, Sendable {
    let operation: String
    let name: String
    let host: String
    /// The kernel's id of this boot: the same pid after a reboot is another process.
    let boot: String
    let pid: Int32
    let token: String
    let started: Date
    var expires: Date

    /// A lock not renewed for so many seconds is dead.
    static let lifetime: TimeInterval = 600

    static func path(for name: BackupName) -> String { VaultLayout.locks + "archive-\(name).json" }

    /// Whether the process that took the lock may still be at work.
    func isAlive(now: Date) -> Bool {
        guard expires > now else { return false }
        guard host == Self.thisHost, boot == Self.thisBoot else { return true }
        return kill(pid, 0) == 0 || errno == EPERM
    }

    init(operation: String, name: BackupName, now: Date) {
        self.operation = operation
        self.name = name.rawValue
        host = Self.thisHost
        boot = Self.thisBoot
        pid = getpid()
        token = UUID().uuidString
        started = now
        expires = now.addingTimeInterval(Self.lifetime)
    }

    private static var thisHost: String { ProcessInfo.processInfo.hostName }

    private static var thisBoot: String {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return (text ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    var encoded: ByteBuffer {
        get throws {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            return ByteBuffer(bytes: try encoder.encode(self))
        }
    }

    /// Reads a lock file; `nil` when it is not one (and so keeps nobody out).
    init?(_ content: ByteBuffer) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let lock = try? decoder.decode(VaultLock.self, from: Data(content.readableBytesView)) else { return nil }
        self = lock
    }

    /// Whether the lock file is still this one: another run may have found it expired, and broken it.
    func isHeld(in copy: any VaultCopy, path: String) async -> Bool {
        guard let content = try? await copy.readFile(path) else { return false }
        return VaultLock(content)?.token == token
    }

    /// Takes the lock in one copy, breaking a dead one.
    ///
    /// - Throws: ``HoldfastError`` `.conflict` naming the holder of a living lock.
    func take(in copy: any VaultCopy, path: String, now: Date) async throws {
        let content = try encoded
        for _ in 0..<3 {
            if try await copy.createFile(path, content) { return }
            guard let held = try await copy.readFile(path) else { continue }
            if let holder = VaultLock(held), holder.isAlive(now: now) {
                throw HoldfastError(
                    .conflict,
                    "\(holder.operation) of \(name) is under way on \(holder.host) (process \(holder.pid), since \(TimeText.iso(holder.started))).",
                    hint:
                        "Wait for it, or choose another name. A dead run's lock expires \(TimeText.iso(holder.expires))."
                )
            }
            try await copy.removeFile(path)
        }
        throw HoldfastError(.conflict, "Cannot take the lock \(path) in \(copy.label): it comes and goes.")
    }
}

extension Vault {
    /// Runs `body` while holding the lock on a name in every copy that can be written, renewed each third of its life.
    func withLock<Result>(
        _ operation: String, _ name: BackupName, services: SystemServices, _ body: () async throws -> Result
    ) async throws -> Result {
        let taken = VaultLock(operation: operation, name: name, now: services.now())
        let path = VaultLock.path(for: name)
        var held: [any VaultCopy] = []
        for copy in copies {
            do {
                try await copy.prepare()
                try await taken.take(in: copy, path: path, now: services.now())
                held.append(copy)
            } catch let error as HoldfastError where error.code == .conflict {
                await release(taken, path, in: held)
                throw error
            } catch is CancellationError {
                await release(taken, path, in: held)
                throw CancellationError()
            } catch {
                continue  // A copy that cannot be written is reported by whoever writes to it next.
            }
        }
        let keepers = held
        var lock = taken
        // Not structured: it must end with the body, whichever way that ends.
        let renewal = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(VaultLock.lifetime / 3))
                lock.expires = services.now().addingTimeInterval(VaultLock.lifetime)
                let content = try lock.encoded
                for copy in keepers where await lock.isHeld(in: copy, path: path) {
                    try? await copy.replaceFile(path, content)
                }
            }
        }
        do {
            let result = try await body()
            renewal.cancel()
            await release(taken, path, in: held)
            return result
        } catch {
            renewal.cancel()
            await release(taken, path, in: held)
            throw error
        }
    }

    private func release(_ lock: VaultLock, _ path: String, in copies: [any VaultCopy]) async {
        // In a task of its own so that a cancelled run still unlocks; what fails here expires by itself.
        await Task {
            for copy in copies where await lock.isHeld(in: copy, path: path) { try? await copy.removeFile(path) }
        }.value
    }

    /// Whether somebody is at work on a name, as far as `copy` knows.
    func isAlive(_ name: BackupName, in copy: any VaultCopy, now: Date) async throws -> Bool {
        guard let content = try await copy.readFile(VaultLock.path(for: name)) else { return false }
        return VaultLock(content)?.isAlive(now: now) ?? false
    }
}
