// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import NIOCore
import ObjectStorage

/// Who is at work on a name, or prunes the vault, for other processes and hosts to see (format, order of writes, steps 1
/// and 6).
///
/// A lock ends with its release, with its expiry, or at once when it was taken on this host by a process that is gone.
struct VaultLock: Codable, Equatable, Sendable {
    let operation: String
    /// Of a backup; `the vault` for the lock on all of it.
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

    /// Of the one lock under which archives are removed.
    static let vaultPath = VaultLayout.locks + "vault.json"

    /// Whether the process that took the lock may still be at work.
    func isAlive(now: Date) -> Bool {
        guard expires > now else { return false }
        guard host == Self.thisHost, boot == Self.thisBoot else { return true }
        return kill(pid, 0) == 0 || errno == EPERM
    }

    init(operation: String, name: String, now: Date) {
        self.operation = operation
        self.name = name
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
    /// - Parameter dead: the token of a run that is known to be dead, whatever its lock says.
    /// - Throws: ``HoldfastError`` `.conflict` naming the holder of a living lock.
    func take(in copy: any VaultCopy, path: String, now: Date, dead: String? = nil) async throws {
        let content = try encoded
        for _ in 0..<3 {
            if try await copy.createFile(path, content) { return }
            guard let held = try await copy.readFile(path) else { continue }
            if let holder = VaultLock(held), holder.token != dead, holder.isAlive(now: now) {
                throw holder.conflict(at: path, in: copy, now: now)
            }
            try await copy.removeFile(path)
        }
        throw HoldfastError(.conflict, "Cannot take the lock \(path) in \(copy.label): it comes and goes.")
    }
}

extension VaultLock {
    /// Who, where and since when.
    var holder: String {
        "\(operation) of \(name) is under way on \(host) (process \(pid), since \(TimeText.iso(started)))"
    }

    fileprivate func conflict(at path: String, in copy: any VaultCopy, now: Date) -> HoldfastError {
        // Renewed or not, no lock of a clock that goes right is longer than its lifetime.
        guard expires <= now.addingTimeInterval(Self.lifetime + 60) else {
            return HoldfastError(
                .conflict,
                "\(holder), by a clock that differs from this one (\(TimeText.iso(now))): its lock expires \(TimeText.iso(expires)).",
                hint: "Set the clocks right. If that run is gone, remove \(path) from \(copy.label) by hand.")
        }
        let wayOut = path == Self.vaultPath ? "Wait for it." : "Wait for it, or choose another name."
        return HoldfastError(
            .conflict, holder + ".", hint: "\(wayOut) A dead run's lock expires \(TimeText.iso(expires)).")
    }
}

/// A lock that this run has taken.
struct HeldLock: Sendable {
    fileprivate let lock: VaultLock
    fileprivate let path: String
    fileprivate let copies: [any VaultCopy]

    /// Whether no other run has found it expired and broken it: a run that slept too long must not go on.
    func isStillHeld() async -> Bool {
        for copy in copies { guard await lock.isHeld(in: copy, path: path) else { return false } }
        return true
    }

    /// What tells this lock from every other one.
    var token: String { lock.token }

    /// Whether a lock that was read is this one.
    func isSame(as other: VaultLock) -> Bool { other.token == lock.token }
}

extension Vault {
    /// Runs `body` while holding the lock on a name in every copy that can be written, renewed each third of its life.
    func withLock<Result>(
        _ operation: String, _ name: BackupName, services: SystemServices, _ body: () async throws -> Result
    ) async throws -> Result {
        try await withLock(operation, name, breaking: nil, services: services) { _ in try await body() }
    }

    /// The same.
    ///
    /// - Parameter dead: the token of a run that is known to be dead, whose lock is broken at once.
    func withLock<Result>(
        _ operation: String, _ name: BackupName, breaking dead: String?, services: SystemServices,
        _ body: (HeldLock) async throws -> Result
    ) async throws -> Result {
        let lock = VaultLock(operation: operation, name: name.rawValue, now: services.now())
        return try await withLock(lock, at: VaultLock.path(for: name), breaking: dead, services: services, body)
    }

    /// Runs `body` while holding the one lock under which archives are removed.
    func withVaultLock<Result>(
        _ operation: String, services: SystemServices, _ body: (HeldLock) async throws -> Result
    ) async throws -> Result {
        let lock = VaultLock(operation: operation, name: "the vault", now: services.now())
        return try await withLock(lock, at: VaultLock.vaultPath, services: services, body)
    }

    private func withLock<Result>(
        _ taken: VaultLock, at path: String, breaking dead: String? = nil, services: SystemServices,
        _ body: (HeldLock) async throws -> Result
    ) async throws -> Result {
        var held: [any VaultCopy] = []
        for copy in copies {
            do {
                try await copy.prepare()
                try await taken.take(in: copy, path: path, now: services.now(), dead: dead)
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
            let result = try await body(HeldLock(lock: taken, path: path, copies: held))
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
        await RetryLoop.$waitsOutOutages.withValue(false) {
            await Task {
                for copy in copies where await lock.isHeld(in: copy, path: path) { try? await copy.removeFile(path) }
            }.value
        }
    }

    /// Whether somebody is at work on a name, as far as `copy` knows.
    func isAlive(_ name: BackupName, in copy: any VaultCopy, now: Date) async throws -> Bool {
        guard let content = try await copy.readFile(VaultLock.path(for: name)) else { return false }
        return VaultLock(content)?.isAlive(now: now) ?? false
    }

    /// The locks in the vault that are alive, each once, or dead for more than an hour, by their paths.
    ///
    /// - Throws: when a copy cannot be read: who is at work there is unknown.
    func locks(now: Date) async throws -> (alive: [VaultLock], longDead: [(path: String, copy: any VaultCopy)]) {
        var alive: [String: VaultLock] = [:]
        var longDead: [(path: String, copy: any VaultCopy)] = []
        for copy in copies {
            for name in try await copy.files(in: VaultLayout.locks) where name.hasSuffix(".json") {
                let path = VaultLayout.locks + name
                guard let content = try await copy.readFile(path), let lock = VaultLock(content) else { continue }
                if lock.isAlive(now: now) {
                    alive[lock.token] = lock
                } else if lock.expires < now.addingTimeInterval(-3600) {
                    longDead.append((path, copy))
                }
            }
        }
        return (alive.values.sorted { ($0.started, $0.token) < ($1.started, $1.token) }, longDead)
    }
}
