// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage
import SystemPackage
import Testing

extension Scene {
    /// A moment of the tests' time: so many days after a Sunday noon, UTC.
    static func day(_ number: Double) -> Date { Date(timeIntervalSince1970: 1_700_395_200 + number * 86_400) }

    func services(day: Double) -> SystemServices {
        let moment = Self.day(day)
        return SystemServices { moment }
    }

    @discardableResult
    func backUp(
        _ name: String, day: Double, to vault: Vault? = nil, from source: (any StorageService)? = nil,
        isFull: Bool = false, allowEmpty: Bool = false, tags: [String] = []
    ) async throws -> BackupReport {
        var options = BackupRun.Options(allowEmpty: allowEmpty, isFull: isFull, sweep: .never)
        options.tags = tags
        return try await BackupRun(
            bucket: Self.bucket, name: BackupName(name), source: source ?? self.source, vault: vault ?? self.vault,
            options: options, environment: environment(services(day: day))
        ).run()
    }

    @discardableResult
    func prune(
        _ policy: RetentionPolicy, day: Double = 100, in vault: Vault? = nil, dryRun: Bool = false,
        acceptLoss: Bool = false
    ) async throws -> PruneReport {
        try await PruneRun(
            vault: vault ?? self.vault, policies: RetentionPolicies(general: policy),
            options: PruneRun.Options(isDryRun: dryRun, acceptsLoss: acceptLoss),
            environment: environment(services(day: day))
        ).run()
    }

    func delete(_ name: String, day: Double) async throws {
        _ = try await DeleteRun(
            entry: try await vault.find(name), vault: vault, environment: environment(services(day: day))
        ).run()
    }

    /// The names of the files in a folder of the directory copy.
    func vaultFiles(_ folder: String) -> [String] { names(in: root.appending("vault").appending(folder)) }

    /// Every backup that is listed can be read to its last byte, from every copy.
    ///
    /// - Returns: their names, oldest first.
    @discardableResult
    func expectListedIsSound(
        in vault: Vault? = nil, _ moment: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String] {
        let listed = try await list(vault).backups
        for summary in listed {
            #expect(summary.problem == nil, "\(moment)", sourceLocation: sourceLocation)
            let report = try await verify(.contents, summary.name, in: vault)
            let isSound = report.copies.allSatisfy { $0.isSound }
            let problems = report.copies.flatMap(\.problems)
            #expect(isSound, "\(moment) \(summary.name): \(problems)", sourceLocation: sourceLocation)
            #expect(!report.copies.isEmpty, "\(moment)", sourceLocation: sourceLocation)
        }
        return listed.map(\.name)
    }
}
