// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage

/// The same bytes to every copy at once. A copy that fails is dropped and named; the others go on.
actor CopiesSink {
    /// A copy that did not get the archive.
    struct Failure: Sendable {
        let label: String
        let error: any Error
    }

    var sinks: [(label: String, sink: any ArchiveSink)]
    /// The last copy, which stopped answering.
    private var lastSilent: (any ArchiveSink)?
    private(set) var failures: [Failure]
    private(set) var committed: [String] = []

    init(sinks: [(label: String, sink: any ArchiveSink)], failures: [Failure]) {
        self.sinks = sinks
        self.failures = failures
    }

    /// Begins the archive in every copy.
    ///
    /// - Throws: ``HoldfastError`` `.conflict` when any copy has the name already; the last failure when no copy can begin.
    static func begin(_ file: ArchiveFile, in copies: [any VaultCopy]) async throws -> CopiesSink {
        var sinks: [(label: String, sink: any ArchiveSink)] = []
        var failures: [Failure] = []
        for copy in copies {
            do {
                try await copy.prepare()
                sinks.append((copy.label, try await copy.beginArchive(file)))
            } catch {
                let taken = (error as? HoldfastError)?.code == .conflict
                if taken || error is CancellationError {
                    for begun in sinks { await begun.sink.abort() }
                    throw error
                }
                failures.append(Failure(label: copy.label, error: error))
            }
        }
        let sink = CopiesSink(sinks: sinks, failures: failures)
        try await sink.throwIfNoneLeft()
        return sink
    }

    func write(_ bytes: ByteBuffer) async throws {
        try await everywhere { try await $1.write(bytes) }
    }

    /// Commits each copy. The archive exists if at least one did.
    func commit() async throws {
        try await everywhere { try await $1.commit() }
        committed = sinks.map(\.label)
    }

    func abort() async {
        for sink in takeAll() { await sink.abort() }
    }

    /// Drops the copies for which `body` throws: what they would commit could not be relied on.
    ///
    /// - Returns: what `body` says of the others.
    func keep(where body: @Sendable (String) async throws -> [String]) async throws -> [String] {
        var notes: [String] = []
        for index in sinks.indices.reversed() {
            do {
                notes += try await body(sinks[index].label)
            } catch {
                try await drop(index, error)
            }
        }
        try throwIfNoneLeft()
        return notes
    }

    /// Every sink that is not done with; this forgets them.
    func takeAll() -> [any ArchiveSink] {
        defer { (sinks, lastSilent) = ([], nil) }
        return sinks.map(\.sink) + [lastSilent].compactMap { $0 }
    }

    /// Does something in each copy, with its label; one in which it fails is dropped.
    func everywhere(_ body: @escaping @Sendable (String, any ArchiveSink) async throws -> Void) async throws {
        if sinks.count == 1 {
            do {
                try await body(sinks[0].label, sinks[0].sink)
            } catch {
                try await drop(0, error)
            }
        } else {
            let outcomes = await withTaskGroup(of: (Int, (any Error)?).self) { group in
                for (index, entry) in sinks.enumerated() {
                    group.addTask {
                        do {
                            try await body(entry.label, entry.sink)
                            return (index, nil)
                        } catch {
                            return (index, error)
                        }
                    }
                }
                var outcomes: [(Int, any Error)] = []
                for await (index, error) in group { if let error { outcomes.append((index, error)) } }
                return outcomes
            }
            for (index, error) in outcomes.sorted(by: { $0.0 > $1.0 }) { try await drop(index, error) }
        }
        try throwIfNoneLeft()
    }

    private func drop(_ index: Int, _ error: any Error) async throws {
        try Task.checkCancellation()
        let entry = sinks.remove(at: index)
        failures.append(Failure(label: entry.label, error: error))
        // An outage may be over tomorrow, and what the last copy holds may be all that there is of the archive: then it is
        // the caller who gives it up, or not.
        if sinks.isEmpty, (error as? ObjectStoreError)?.isTransient == true {
            lastSilent = entry.sink
        } else {
            await entry.sink.abort()
        }
    }

    private func throwIfNoneLeft() throws {
        guard sinks.isEmpty else { return }
        if let error = failures.last?.error as? HoldfastError { throw error }
        let reasons = failures.map { "\($0.label): \($0.error)" }.joined(separator: "; ")
        let isOutage = (failures.last?.error as? ObjectStoreError)?.isTransient == true
        throw HoldfastError(
            isOutage ? .unreachable : .failed, "No copy of the vault can be written: \(reasons)",
            hint: "holdfast check tries each copy of the vault and says what is wrong with it.")
    }
}
