// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with an archive or with the use of its writer.
package enum ArchiveError: Error, Equatable, CustomStringConvertible {
    /// The file does not end in a footer: a foreign archive, or one whose tail is lost. It can be read in sequence.
    case noIndex
    /// No frame begins where the file begins, so nothing can be recovered by hopping.
    case noFrames
    /// The bytes contradict themselves or their checksums; says what and where.
    case corrupt(String)
    /// The bytes end before what they announced; says in what.
    case truncated(String)
    /// Valid, but beyond what this reader understands.
    case unsupported(String)
    /// A member that cannot be written as asked; says why.
    case invalidMember(String)
    /// More than 30 million frames: 30 TiB in frames of 1 MiB.
    case tooManyFrames
    /// The writer was called in an order that makes no archive.
    case wrongOrder(String)
    /// A compression library refused work it should be able to do, for want of memory as a rule.
    case codecFailed(String)

    package var description: String {
        switch self {
        case .noIndex: "the archive has no index at its end; read it in sequence or recover its frames"
        case .noFrames: "no frame of a Holdfast archive begins this file; read it in sequence"
        case .corrupt(let what): "the archive is corrupt: \(what); restore from another copy"
        case .truncated(let what): "the archive ends too early, \(what); restore from another copy"
        case .unsupported(let what): "the archive has \(what), which is not supported; extract it with tar"
        case .invalidMember(let why): "the member cannot be written: \(why)"
        case .tooManyFrames: "the archive would have more than 30 million frames; choose a larger frame size"
        case .wrongOrder(let what): "the archive writer was misused: \(what)"
        case .codecFailed(let what): "compression failed: \(what); is there enough memory?"
        }
    }
}
