// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What fuzzing has found worth keeping, fed to the parsers again: as it is, cut short, and with single bytes changed.
///
/// A crash ends the whole run; `make fuzz` or a run of one parser (`FILTER`) then tells which file it was.
@Suite(.timeLimit(.minutes(5))) struct CorpusTests {
    /// Inputs made of each parser's files by each of the two tests that change them.
    private static let variations = 150

    struct Sample: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    private static func samples(_ parser: ForeignBytes) throws -> [Sample] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus").appendingPathComponent(parser.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.map {
            Sample(name: $0.lastPathComponent, bytes: Array(try Data(contentsOf: $0)))
        }
    }

    private func feed(_ bytes: [UInt8], to parser: ForeignBytes, _ origin: @autoclosure () -> String) async {
        do {
            try await parser.read(bytes)
        } catch {
            Issue.record("\(parser.rawValue), \(origin()): \(error)")
        }
    }

    @Test(arguments: ForeignBytes.allCases)
    func theCorpusIsReadOrRefused(parser: ForeignBytes) async throws {
        let samples = try Self.samples(parser)
        #expect(!samples.isEmpty)
        for sample in samples { await feed(sample.bytes, to: parser, sample.name) }
    }

    @Test(arguments: ForeignBytes.allCases)
    func filesCutShortAreReadOrRefused(parser: ForeignBytes) async throws {
        let samples = try Self.samples(parser)
        var random = SeededGenerator(seed: 5)
        for index in 0..<Self.variations {
            let sample = samples[index % samples.count]
            let length = Int.random(in: 0...sample.bytes.count, using: &random)
            await feed(Array(sample.bytes.prefix(length)), to: parser, "\(length) bytes of \(sample.name)")
        }
    }

    @Test(arguments: ForeignBytes.allCases)
    func changedBytesAreReadOrRefused(parser: ForeignBytes) async throws {
        let samples = try Self.samples(parser).filter { !$0.bytes.isEmpty }
        var random = SeededGenerator(seed: 7)
        for index in 0..<Self.variations {
            let sample = samples[index % samples.count]
            var bytes = sample.bytes
            let place = Int.random(in: bytes.indices, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            await feed(bytes, to: parser, "\(sample.name) with another byte \(place)")
        }
    }
}
