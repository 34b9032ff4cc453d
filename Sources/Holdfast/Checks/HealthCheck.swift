// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
package import ObjectStorage
import Streams
import SystemPackage

/// Tries what a backup needs, step by step: endpoint, credentials, clock, rights, listing, vault. Changes nothing but a
/// small file in each copy of the vault, which it removes.
package struct HealthCheck: Sendable {
    let source: (any StorageService)?
    /// Where the source's settings came from.
    let origin: String?
    let vault: Vault
    let environment: RunEnvironment

    package init(source: (any StorageService)?, origin: String?, vault: Vault, environment: RunEnvironment) {
        self.source = source
        self.origin = origin
        self.vault = vault
        self.environment = environment
    }

    private var state: StateDirectory { environment.state }

    /// - Parameter bucket: the bucket to look at closely; the rights alone are tried on some bucket when it is `nil`.
    package func run(bucket: String?) async -> [CheckResult] {
        var results = await checkSource(bucket: bucket)
        for copy in vault.copies {
            results.append(await check(copy))
            if let bucket = copy as? BucketCopy, let finding = await bucket.checkLock() { results.append(finding) }
        }
        results.append(checkSameServer())
        results.append(await checkState())
        return results
    }

    private func checkSource(bucket: String?) async -> [CheckResult] {
        guard let source else {
            return [
                CheckResult(
                    "endpoint", .bad, "none is configured",
                    fix:
                        "Set MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or the AWS_ variables, or write holdfast.yaml."
                )
            ]
        }
        var results: [CheckResult] = []
        let identity: ServerIdentity
        do {
            identity = try await source.identify()
            results.append(
                CheckResult(
                    "endpoint", .good,
                    "\(source.name) answers as \(identity.product ?? "a server without a name") (\(origin ?? "configured"))"
                ))
        } catch {
            let answer = HoldfastError(checking: error, "it does not answer as an S3 server")
            return [CheckResult("endpoint", .bad, "\(source.name): \(answer.message)", fix: answer.hint)]
        }
        results.append(clock(identity))
        do {
            let buckets = try await source.buckets()
            results.append(CheckResult("credentials", .good, "accepted; \(count(buckets.count, "bucket")) visible"))
            if let bucket = bucket ?? buckets.first(where: { !isVault($0) }) {
                results += await rights(source, bucket, identity)
            } else {
                results.append(CheckResult("rights", .untried, "there is no bucket to try them on"))
            }
        } catch {
            let answer = HoldfastError(checking: error, "buckets cannot be listed")
            results.append(CheckResult("credentials", .bad, answer.message, fix: answer.hint))
            if let bucket { results += await rights(source, bucket, identity) }
        }
        // Only where it is asked for: it lists the whole bucket.
        if let bucket, results.allSatisfy({ $0.verdict != .bad || $0.subject == "credentials" }) {
            results += await versionListing(source, bucket)
        }
        return results
    }

    private func isVault(_ bucket: String) -> Bool {
        vault.copies.contains { ($0 as? BucketCopy)?.bucket == bucket }
    }

    /// Servers refuse signatures that are 15 minutes off (S3 API, RequestTimeTooSkewed).
    private func clock(_ identity: ServerIdentity) -> CheckResult {
        guard let theirs = identity.clock else {
            return CheckResult("clock", .untried, "the server does not tell its time")
        }
        let skew = environment.services.now().timeIntervalSince(theirs)
        let text = String(format: "%.0f s between this machine and the server", abs(skew))
        if abs(skew) > 600 {
            return CheckResult(
                "clock", .bad, text, fix: "Set the clock of this machine or of the server, with NTP for instance.")
        }
        return CheckResult("clock", abs(skew) > 60 ? .warning : .good, text)
    }

    private func rights(_ source: any StorageService, _ bucket: String, _ identity: ServerIdentity) async
        -> [CheckResult]
    {
        let store = source.store(for: bucket)
        do {
            let page = try await store.list(ListQuery(limit: 1000))
            var results = [order(of: page, in: bucket)]
            guard let object = page.objects.first(where: { $0.size > 0 }) ?? page.objects.first else {
                return results + [CheckResult("read right", .untried, "\(bucket) lists no objects")]
            }
            results.append(await readRight(store, object, bucket))
            results.append(await tagRight(store, object, identity))
            results.append(await versionRight(store, bucket))
            return results
        } catch {
            let answer = HoldfastError(checking: error, "\(bucket) cannot be listed")
            return [
                CheckResult(
                    "list right", .bad, answer.message, fix: answer.hint ?? "Allow s3:ListBucket on the bucket.")
            ]
        }
    }

    private func order(of page: ListPage, in bucket: String) -> CheckResult {
        let keys = page.objects.map(\.key)
        guard keys.count > 1 else {
            return CheckResult("list right", .good, "\(bucket) can be listed (\(count(keys.count, "object")) in it)")
        }
        let isSorted = zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        return CheckResult(
            "list right", .good,
            "\(bucket) can be listed, "
                + (isSorted ? "in byte order" : "in an order of the server's own (Holdfast does not rely on it)"))
    }

    private func readRight(_ store: any ObjectStore, _ object: ObjectInfo, _ bucket: String) async -> CheckResult {
        do {
            let range = object.size > 0 ? 0..<min(object.size, 1) : nil
            _ = try await store.get(object.key, GetOptions(range: range)).bytes.collect(upTo: 1 << 20)
            return CheckResult("read right", .good, "objects of \(bucket) can be read")
        } catch let error as ObjectStoreError where error.code == .notFound {
            return CheckResult("read right", .untried, "\(object.key) vanished while it was tried")
        } catch {
            let answer = HoldfastError(checking: error, "\(object.key) cannot be read")
            return CheckResult(
                "read right", .bad, answer.message, fix: answer.hint ?? "Allow s3:GetObject on the bucket's objects.")
        }
    }

    private func tagRight(_ store: any ObjectStore, _ object: ObjectInfo, _ identity: ServerIdentity) async
        -> CheckResult
    {
        do {
            _ = try await store.tags(of: object.key, version: nil)
            let cost =
                identity.tellsTagCount ? "" : "; this server may not say which objects have tags, so each one is asked"
            return CheckResult("tag right", .good, "object tags can be read\(cost)")
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return CheckResult("tag right", .good, "the server has no object tags")
        } catch {
            return CheckResult(
                "tag right", .warning, "\(error)",
                fix: "Allow s3:GetObjectTagging, or tagged objects become exceptions.")
        }
    }

    private func versionRight(_ store: any ObjectStore, _ bucket: String) async -> CheckResult {
        do {
            _ = try await store.listVersions(VersionQuery(limit: 1))
            return CheckResult("version right", .good, "versions of \(bucket) can be listed")
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return CheckResult("version right", .good, "the server has no versions")
        } catch {
            return CheckResult(
                "version right", .warning, "\(error)",
                fix: "Allow s3:ListBucketVersions to back up more than current objects.")
        }
    }

    private func check(_ copy: any VaultCopy) async -> CheckResult {
        let path = VaultLayout.locks + "check-\(UUID().uuidString).json"
        let content = ByteBuffer(string: "{\"operation\": \"check\"}\n")
        do {
            try await copy.prepare()
            try await copy.checkProtection()
            guard try await copy.createFile(path, content), try await copy.readFile(path) == content else {
                return CheckResult("vault", .bad, "\(copy.label): what is written there cannot be read back")
            }
            try await copy.removeFile(path)
            let backups = try await copy.archives().count
            return CheckResult("vault", .good, "\(copy.label): can be written and read; \(count(backups, "backup"))")
        } catch {
            let answer = HoldfastError(checking: error, "it cannot be used")
            return CheckResult("vault", .bad, "\(copy.label): \(answer.message)", fix: answer.hint)
        }
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private func checkSameServer() -> CheckResult {
        let buckets = vault.copies.compactMap { $0 as? BucketCopy }
        let same = buckets.filter { $0.service.name == source?.name }
        guard let first = same.first else {
            return CheckResult("separation", .good, "no copy of the vault is on the source's server")
        }
        let isOnly = same.count == vault.copies.count
        return CheckResult(
            "separation", .warning, "the vault bucket \(first.bucket) is on the server that it protects",
            fix: (isOnly ? "It is the only copy: what destroys that server takes the backups too. " : "")
                + "Set HOLDFAST_VAULT_ENDPOINT to another server, or rely on the directory.")
    }

    private func checkState() async -> CheckResult {
        do {
            let path = try await state.workFile(name: "check")
            try await FileThread.run { try Data("check\n".utf8).write(to: URL(fileURLWithPath: path.string)) }
            await state.remove(path)
            return CheckResult("state", .good, "\(state.root) can be written")
        } catch {
            let answer = HoldfastError(checking: error, "it cannot be written")
            return CheckResult("state", .bad, "\(state.root): \(answer.message)", fix: answer.hint)
        }
    }
}

extension HoldfastError {
    /// Any error, in the words of a check.
    init(checking error: any Error, _ doing: String) {
        switch error {
        case let error as HoldfastError: self = error
        case let error as ObjectStoreError:
            let answer = HoldfastError(storage: error, doing)
            let hint =
                switch error.code {
                case .unauthorized: "Check the access key and the secret key; the first line says where they come from."
                case .unreachable: "Is the server running, and is the endpoint right?"
                case .clockSkew: "Set the clock of this machine or of the server, with NTP for instance."
                default: answer.hint
                }
            self.init(answer.code, answer.message, hint: hint)
        default: self.init(.failed, "\(doing): \(error)")
        }
    }
}
