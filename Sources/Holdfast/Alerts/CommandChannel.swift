// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Glibc

/// Runs a program that is given the notice as JSON on standard input.
///
/// It is started without a shell, and sees nothing of this process's environment: that holds the keys of servers.
package struct CommandChannel: NotificationChannel {
    private let arguments: [String]
    /// A program that takes longer is killed.
    private let limit: Duration

    /// - Parameter arguments: the program, by its whole path, and what it is given.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when the first is no whole path.
    package init(_ arguments: [String], limit: Duration = .seconds(30)) throws {
        guard let program = arguments.first, program.hasPrefix("/"), !arguments.contains(where: { $0.contains("\0") })
        else {
            throw HoldfastError(
                .invalidConfiguration, "The command that is told of alerts is not named by its whole path.",
                hint: "Write a list: [/usr/local/bin/page, --urgent].")
        }
        self.arguments = arguments
        self.limit = limit
    }

    package var label: String { "command \(arguments[0])" }

    package func send(_ notice: AlertNotice, at now: Date) async throws {
        let input = try ReportJSON.encoder.encode(NoticeDocument(notice)) + Data("\n".utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        process.environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOLDFAST_EVENT": notice.event.rawValue,
        ]
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        process.terminationHandler = { _ in end.finish() }
        do {
            // Before it runs: a pipe holds 64 KiB, which a notice never has, and nobody can have closed it yet.
            try pipe.fileHandleForWriting.write(contentsOf: input)
            try process.run()
        } catch {
            close(pipe)
            throw HoldfastError(.failed, "\(label) cannot be started: \(error.localizedDescription)")
        }
        // Foundation keeps them open for as long as it remembers the process.
        close(pipe)
        let pid = process.processIdentifier
        let isEnded = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in ends {}
                return !Task.isCancelled
            }
            group.addTask { [limit] in
                do { try await Task.sleep(for: limit) } catch {}
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard isEnded else {
            if process.isRunning { kill(pid, SIGKILL) }
            throw HoldfastError(.failed, "\(label) did not end within \(limit.components.seconds) s and was killed.")
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let how = process.terminationReason == .exit ? "exit code" : "signal"
            throw HoldfastError(.failed, "\(label) ended with \(how) \(process.terminationStatus).")
        }
    }

    private func close(_ pipe: Pipe) {
        try? pipe.fileHandleForReading.close()
        try? pipe.fileHandleForWriting.close()
    }
}
