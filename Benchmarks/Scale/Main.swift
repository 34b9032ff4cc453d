// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import Glibc
import Holdfast
import Logging
import ObjectStorage
import SystemPackage

/// `holdfast-scale COUNT DIRECTORY`: backs a generated bucket of COUNT objects up into DIRECTORY, then again with nothing
/// changed and with one in a hundred changed, and prints seconds and peak memory so far, a line of JSON each. Cuts a
/// gigabyte into chunks at last, on one core.
@main struct Main {
    struct Line: Encodable {
        var step: String
        var seconds: Double
        var cpuSeconds: Double
        var peakMiB: Int
        var archiveBytes: Int64?
        var deltaRows: Int?
        var unchanged: Int?
        var gigabytesPerSecond: Double?
    }

    static func main() async throws {
        guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[1]), count > 0 else {
            FileHandle.standardError.write(Data("usage: holdfast-scale COUNT DIRECTORY\n".utf8))
            exit(2)
        }
        let root = FilePath(CommandLine.arguments[2])
        try await measure("listing alone") { _ in
            var keys = 0
            for try await page in listing(of: GeneratedStore(service: GeneratedService(count: count))) {
                keys += page.objects.count
            }
            guard keys == count else { throw HoldfastError(.failed, "\(keys) keys were listed") }
        }
        for (name, changed) in [("first", 0), ("unchanged", 0), ("one-in-100-changed", count / 100)] {
            try await measure(name) { line in
                let report = try await BackupRun(
                    bucket: GeneratedService.bucket, name: BackupName(name),
                    source: GeneratedService(count: count, changed: changed),
                    vault: Vault(copies: [DirectoryCopy(root.appending("vault"))]),
                    options: BackupRun.Options(sweep: .never),
                    environment: RunEnvironment(
                        services: .live, logger: Logger(label: "scale") { _ in SwiftLogNoOpLogHandler() },
                        state: StateDirectory(root.appending("state")), progress: ProgressMeter())
                ).run()
                guard report.complete, report.storedCount == count else {
                    throw HoldfastError(.failed, "\(report.storedCount) of \(count) objects were backed up")
                }
                line.archiveBytes = report.archiveBytes
                line.deltaRows = report.deltaRows
                line.unchanged = report.unchangedCount
            }
        }
        try await measure("cutting") { $0.gigabytesPerSecond = cut() }
    }

    /// Gigabytes of noise that are cut in a second of a core's time, whoever else uses it.
    private static func cut() -> Double {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<1 << 20).map { _ in random.next() }
        let pieces = 120
        return noise.withUnsafeBytes { bytes in
            let before = usage().cpu
            var cutter = ContentCutter()
            var chunks = 0
            for _ in 0..<pieces {
                var rest = bytes
                while let end = cutter.end(in: rest) {
                    rest = UnsafeRawBufferPointer(rebasing: rest[end...])
                    chunks += 1
                }
            }
            precondition(chunks > pieces / 2, "noise has cuts")
            return Double(pieces * bytes.count) / 1e9 / (usage().cpu - before)
        }
    }

    private static func measure(_ step: String, _ body: (inout Line) async throws -> Void) async throws {
        let (clock, before) = (ContinuousClock.now, usage().cpu)
        var line = Line(step: step, seconds: 0, cpuSeconds: 0, peakMiB: 0)
        try await body(&line)
        line.seconds = (ContinuousClock.now - clock).seconds
        let after = usage()
        line.cpuSeconds = after.cpu - before
        line.peakMiB = after.peakMiB
        // At once, also into a file: the next step may take half an hour.
        FileHandle.standardOutput.write(try JSONEncoder().encode(line) + Data("\n".utf8))
    }

    private static func usage() -> (cpu: Double, peakMiB: Int) {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return (seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss / 1024)
    }
}
