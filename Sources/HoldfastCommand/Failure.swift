// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Holdfast
import ObjectStorage
import Streams

/// Why a command did not do its work, for people and for programs: what every error becomes in the end.
struct Failure: Error, Equatable, Sendable {
    /// One word for programs, `not_found` for instance.
    let code: String
    let message: String
    /// What to do about it.
    let hint: String?
    let status: ExitStatus

    init(code: String, message: String, hint: String? = nil, status: ExitStatus) {
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
    }

    init(_ error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as HoldfastError:
            self.init(
                code: Self.snakeCase(error.code.rawValue), message: error.message, hint: error.hint,
                status: ExitStatus(error.code))
        case let error as ObjectStoreError: self.init(HoldfastError(storage: error, "The storage did not do it"))
        case let error as ArchiveError: self.init(HoldfastError(archive: error))
        case let error as CatalogError: self.init(HoldfastError(catalog: error))
        case let error as ByteStreamError: self.init(HoldfastError(.corrupt, "A file is not what it says: \(error)."))
        case is CancellationError: self = .interrupted()
        default: self.init(HoldfastError(.failed, "\(error)"))
        }
    }

    /// The end by a signal.
    static func interrupted(_ message: String = "interrupted") -> Failure {
        Failure(code: "interrupted", message: message, status: .interrupted)
    }

    private static func snakeCase(_ camelCase: String) -> String {
        camelCase.reduce(into: "") { text, character in
            text += character.isUppercase ? "_\(character.lowercased())" : String(character)
        }
    }
}

extension HoldfastError {
    fileprivate init(archive error: ArchiveError) {
        switch error {
        case .noIndex, .noFrames, .corrupt, .truncated, .unsupported:
            self.init(
                .corrupt, "An archive cannot be read: \(error).",
                hint: "holdfast verify NAME tells which copies of a backup are sound.")
        case .invalidMember, .wrongOrder, .codecFailed, .tooManyFrames:
            self.init(.failed, "The archive could not be written: \(error).")
        }
    }

    fileprivate init(catalog error: CatalogError) {
        switch error {
        case .notACatalog, .corrupt:
            self.init(
                .corrupt, "A backup cannot be read: \(error).",
                hint: "holdfast verify NAME tells which copies of a backup are sound.")
        case .storage(let path, let what):
            self.init(
                .failed, "The working file \(path) cannot be written: \(what).",
                hint: "Is there room in the state directory, and may this user write there (HOLDFAST_STATE_DIRECTORY)?")
        case .exists, .incomplete, .notPending, .unacceptable, .superseded, .tooNew:
            self.init(.failed, "The catalog of the backup cannot be used: \(error).")
        }
    }
}
