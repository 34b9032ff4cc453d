// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging

/// How a command shows what it does.
struct DisplayOptions: ParsableArguments, Sendable {
    @Flag(help: "Print reports and errors as JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress, and no report of what is complete.")
    var quiet = false

    @Option(help: "How log lines look on standard error.")
    var logFormat = LogFormat.text

    @Option(help: "The least important log lines to show.")
    var logLevel = LogLevel.warning
}

enum LogFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    case text, json
}

/// The levels of swift-log by the names that they have there.
enum LogLevel: String, CaseIterable, ExpressibleByArgument, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
