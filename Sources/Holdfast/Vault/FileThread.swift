// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOPosix
import SystemPackage

/// Runs blocking file calls on a thread that may block, so that the cooperative pool does not.
enum FileThread {
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// Runs what must happen also when the caller was cancelled: removing what a run would leave behind. What fails here
    /// is left for the next run to remove.
    static func cleanUp(_ body: @escaping @Sendable () throws -> Void) async {
        // A task of its own, because the thread pool refuses the work of a cancelled one.
        await Task { try? await run(body) }.value
    }
}

extension HoldfastError {
    /// An error of the operating system on a path, with what to do about the common ones.
    static func file(_ doing: String, _ path: FilePath, _ errno: Errno) -> HoldfastError {
        let hint: String? =
            switch errno {
            case .noSpace, .diskQuotaExceeded:
                "Free some space there, or name another directory (HOLDFAST_VAULT_DIRECTORY, HOLDFAST_STATE_DIRECTORY)."
            case .permissionDenied, .notPermitted, .readOnlyFileSystem:
                "Give this user the right to it, or name another directory (HOLDFAST_VAULT_DIRECTORY, HOLDFAST_STATE_DIRECTORY)."
            default: nil
            }
        let code: Code = errno == .permissionDenied || errno == .notPermitted ? .accessDenied : .failed
        return HoldfastError(code, "Cannot \(doing) \(path): \(errno.description.lowercased()).", hint: hint)
    }

    /// Runs file calls and names the path in their error.
    static func withFile<Result>(_ doing: String, _ path: FilePath, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let errno as Errno {
            throw file(doing, path, errno)
        }
    }
}
