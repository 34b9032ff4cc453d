// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Foundation
import ObjectStorage
import Streams
package import SystemPackage

/// What making a kit did.
package struct KitReport: Codable, Sendable {
    package var directory: String
    package var files: [String]
    package var contents: KitContents
}

/// Writes a folder with which a stranger brings the backups back, with standard tools and without Holdfast.
package struct KitRun: Sendable {
    package let directory: FilePath
    package let vault: Vault
    /// The name of the server that is backed up.
    package let source: String?
    /// To whom new backups are sealed.
    package let recipients: [String]
    package let environment: RunEnvironment

    package init(
        directory: FilePath, vault: Vault, source: String?, recipients: [String], environment: RunEnvironment
    ) {
        self.directory = directory
        self.vault = vault
        self.source = source
        self.recipients = recipients
        self.environment = environment
    }

    /// The program that the kit has as `recover.py`.
    package static var program: String { RecoveryProgram.text }

    /// Backups of each bucket that are listed.
    private static let listed = 3

    private enum Name {
        static let contents = "backups.json"
        static let sums = "SHA256SUMS"
        static let program = "recover.py"
        static let text = "README.md"
        static let all = [contents, sums, program, text]
    }

    /// - Throws: ``HoldfastError`` `.conflict` for a directory that holds anything but an older kit.
    package func run() async throws -> KitReport {
        try await checkDirectory()
        let contents = try await gather()
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let sums = contents.archives.compactMap { archive in archive.sha256.map { "\($0)  \(archive.file)\n" } }
        // The text comes last: a kit that has one has all that it speaks of.
        try await write(Name.contents, try encoder.encode(contents))
        try await write(Name.sums, Data(sums.joined().utf8))
        try await write(Name.program, Data(Self.program.utf8))
        try await write(Name.text, Data(KitText(contents: contents).text.utf8))
        return KitReport(directory: directory.string, files: Name.all, contents: contents)
    }

    /// Nothing of anybody's is written over: the directory is new, empty, or a kit.
    private func checkDirectory() async throws {
        let names = try await FileThread.run { [directory] in
            try FileSystemNames.makeDirectory(directory)
            return try FileSystemNames.list(directory)
        }
        guard !names.isEmpty else { return }
        let path = directory.appending(Name.contents)
        let isKit = try await FileThread.run {
            guard let facts = try FileSystemNames.regularFile(path), facts.size <= 64 << 20,
                let data = FileManager.default.contents(atPath: path.string)
            else { return false }
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return (try? decoder.decode(KitMark.self, from: data)) != nil
        }
        // What was left of a file when a run was killed is written over as well.
        let strangers = names.filter { name in
            !Name.all.contains(name) && !Name.all.contains { name == $0 + ".partial" }
        }
        guard isKit || names.allSatisfy({ $0.hasSuffix(".partial") }), strangers.isEmpty else {
            let found = strangers.sorted().first ?? names.sorted().first ?? ""
            throw HoldfastError(
                .conflict, "\(directory) holds what is no recovery kit (\(found)); nothing was written.",
                hint: "Name a new directory, an empty one, or that of an older kit.")
        }
    }

    private struct KitMark: Codable {
        let kitVersion: Int
    }

    /// Killed at any moment, the file is the old one or the new one.
    private func write(_ name: String, _ data: Data) async throws {
        let path = directory.appending(name)
        let partial = directory.appending(name + ".partial")
        try await FileThread.run {
            try HoldfastError.withFile("write", path) {
                let file = try SystemPackage.FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
                try file.closeAfter {
                    _ = try file.writeAll(data)
                    try FileSystemNames.synchronise(file, partial)
                }
            }
            try FileSystemNames.rename(partial, to: path)
            try FileSystemNames.synchronise(path.removingLastComponent())
        }
    }

    private func gather() async throws -> KitContents {
        let listing = try await vault.backups()
        let all = try await BackupList(vault: vault, environment: environment).read().backups
        let newest = Self.newest(all)
        let needed = Set(newest.flatMap { [$0.file] + ($0.dependsOn ?? []) })
        var archives: [KitContents.Archive] = []
        for entry in listing.entries + listing.hidden where needed.contains(entry.file.fileName) {
            archives.append(try await describe(entry))
        }
        return KitContents(
            made: environment.services.now(), source: source, places: try await places(), recipients: recipients,
            backups: newest.map { backup in
                .init(
                    name: backup.name, file: backup.file, bucket: backup.bucket, time: backup.time,
                    complete: backup.complete, objectCount: backup.objectCount, totalBytes: backup.totalBytes,
                    dependsOn: backup.dependsOn)
            }, olderCount: all.count - newest.count, archives: archives.sorted { $0.file < $1.file },
            unreachable: listing.unreachable)
    }

    /// Those of each bucket that were made last. What does not say of which bucket it is may be of any: all of them.
    private static func newest(_ backups: [BackupSummary]) -> [BackupSummary] {
        var counts: [String: Int] = [:]
        return backups.reversed().filter { backup in
            guard let bucket = backup.bucket else { return true }
            counts[bucket, default: 0] += 1
            return counts[bucket, default: 0] <= listed
        }
    }

    private func places() async throws -> [KitContents.Place] {
        var places: [KitContents.Place] = []
        for copy in vault.copies {
            var place = KitContents.Place(label: copy.label)
            switch copy {
            case let copy as DirectoryCopy:
                // Where somebody stands who reads the kit, nobody knows.
                place.directory = try await FileThread.run { Self.absolute(copy.root) }
            case let copy as BucketCopy:
                place.bucket = copy.bucket
                place.endpoint = copy.service.name
            default: break
            }
            places.append(place)
        }
        return places
    }

    private static func absolute(_ path: FilePath) -> String {
        guard path.isRelative else { return path.string }
        return FilePath(FileManager.default.currentDirectoryPath).pushing(path).lexicallyNormalized().string
    }

    private func describe(_ entry: VaultEntry) async throws -> KitContents.Archive {
        var archive = KitContents.Archive(
            file: entry.file.fileName, size: entry.size, copies: entry.copies.map(\.label))
        archive.sha256 = await ProofRecords(environment).proofs(of: entry).compactMap(\.sha256).first
        guard entry.file.isSealed else { return archive }
        do {
            let front = try await SealedArchive.read(try await vault.open(entry).bytes, of: entry.file).front
            let record = try await KeptCatalogs(environment.state).find(entry.file, front)?.record
            let count = front.recipientKinds.count
            archive.sealedTo =
                front.wantsPassphrase
                ? ["a passphrase"]
                : record.flatMap { $0.currentHeader == Data(front.header) ? $0.recipients : nil }
                    ?? ["\(count) public key\(count == 1 ? "" : "s") that this host does not know"]
        } catch {
            try Task.checkCancellation()
            archive.sealedTo = ["nobody knows: it cannot be read"]
        }
        return archive
    }
}
