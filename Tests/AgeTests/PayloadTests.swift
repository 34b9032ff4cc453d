// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import NIOCore
import Streams
import Testing

@Suite struct PayloadTests {
    private static let identity = X25519Identity()
    static let sizes = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 1_000_000]

    @Test(arguments: sizes, [1 << 20, 65_536, 65_552, 1_000])
    func everySizeComesBack(_ size: Int, _ pieces: Int) async throws {
        let plaintext = pattern(size)
        let file = try await sealed(plaintext, to: [Self.identity.recipient], pieces: pieces)
        #expect(try await opened(file, with: [Self.identity], pieces: pieces) == plaintext)
        let chunks = max(1, (size + 65_535) / 65_536)
        let header = try await PayloadSealer(to: [Self.identity.recipient]).header
        #expect(file.readableBytes == header.readableBytes + size + 16 * chunks)
    }

    @Test func whatIsPushedIsWhatIsPulled() async throws {
        for (size, piece) in [(300, 1), (200_001, 700), (200_001, 65_535), (131_072, 65_536), (200_001, 200_001)] {
            let plaintext = pattern(size)
            var sealer = try await PayloadSealer(to: [Self.identity.recipient])
            var file = sealer.header
            var rest = plaintext
            while let next = rest.readSlice(length: min(piece, rest.readableBytes)), next.readableBytes > 0 {
                var sealed = try sealer.append(next)
                #expect(sealed.readableBytes % 65_552 == 0)
                file.writeBuffer(&sealed)
                var nothing = try sealer.append(ByteBuffer())
                #expect(nothing.readableBytes == 0)
                file.writeBuffer(&nothing)
            }
            var last = try sealer.finish()
            file.writeBuffer(&last)
            #expect(try await opened(file, with: [Self.identity]) == plaintext)
        }
    }

    @Test func aFinishedPayloadTakesNoMore() async throws {
        var sealer = try await PayloadSealer(to: [Self.identity.recipient])
        _ = try sealer.finish()
        #expect(throws: AgeError.finished) { try sealer.append(ByteBuffer(string: "a")) }
        #expect(throws: AgeError.finished) { try sealer.finish() }
    }

    @Test func everyRecipientOpensAndNobodyElse() async throws {
        let identities = (0..<5).map { _ in X25519Identity() }
        let plaintext = pattern(100)
        let file = try await sealed(plaintext, to: identities.map(\.recipient))
        for identity in identities {
            #expect(try await opened(file, with: [X25519Identity(), identity]) == plaintext)
        }
        #expect(try await ageError { try await opened(file, with: [X25519Identity()]) } == .noMatch)
        #expect(try await ageError { try await open(BufferBytes(file), with: [X25519Identity()]) } == .noMatch)
        #expect(try await ageError { try await opened(file, with: []) } == .noMatch)
    }

    @Test func somebodyMustBeAbleToOpen() async throws {
        #expect(throws: AgeError.noRecipients) { try seal(ByteStream(pattern(1)), to: []) }
        #expect(try await ageError { try await PayloadSealer(to: []) } == .noRecipients)
    }

    /// Wherever a file ends too early, and whichever bit of the payload is changed, no reader takes it for the whole.
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072])
    func aFileCutShortIsFound(_ size: Int) async throws {
        let file = try await sealed(pattern(size), to: [Self.identity.recipient])
        let header = try await PayloadSealer(to: [Self.identity.recipient]).header.readableBytes
        let payload = file.readableBytes - header
        let cuts = [0, 1, 15, 16, 17, 65_551, 65_552, 65_553, 65_568, 131_104, payload - 17, payload - 16, payload - 1]
        for cut in Set(cuts) where (0..<payload).contains(cut) {
            let short = file.prefix(header + cut)
            #expect(try await ageError { try await opened(short, with: [Self.identity]) } != nil, "\(cut)")
            #expect(try await ageError { try await open(BufferBytes(short), with: [Self.identity]) } != nil, "\(cut)")
        }
        for cut in [0, 10, header - 17, header - 16, header - 1] {
            let short = file.prefix(cut)
            #expect(try await ageError { try await opened(short, with: [Self.identity]) } != nil, "\(cut)")
            #expect(try await ageError { try await open(BufferBytes(short), with: [Self.identity]) } != nil, "\(cut)")
        }
    }

    @Test(arguments: [0, 1, 65_536, 65_537])
    func whatFollowsTheEndIsFound(_ size: Int) async throws {
        let file = try await sealed(pattern(size), to: [Self.identity.recipient])
        for extra in [1, 16, 17, 65_552] {
            var long = file
            var more = pattern(extra)
            long.writeBuffer(&more)
            #expect(try await ageError { try await opened(long, with: [Self.identity]) } != nil)
            #expect(try await ageError { try await open(BufferBytes(long), with: [Self.identity]) } != nil)
        }
    }

    @Test func everyChangedByteIsFound() async throws {
        let plaintext = pattern(100)
        let file = try await sealed(plaintext, to: [Self.identity.recipient])
        for index in 0..<file.readableBytes {
            let changed = file.changed(at: index)
            #expect(try await ageError { try await opened(changed, with: [Self.identity]) } != nil, "\(index)")
        }
    }

    @Test func aChangedChunkIsNamedAndThoseBeforeItAreGood() async throws {
        let plaintext = pattern(200_000)
        let file = try await sealed(plaintext, to: [Self.identity.recipient])
        let header = try await PayloadSealer(to: [Self.identity.recipient]).header.readableBytes
        let stream = try await open(file.changed(at: header + 2 * 65_552).inPieces(of: 9_000), with: [Self.identity])
        var iterator = stream.makeAsyncIterator()
        var read = ByteBuffer()
        let error = try await ageError {
            while var piece = try await iterator.next() { read.writeBuffer(&piece) }
        }
        #expect(error == .payloadCorrupt(chunk: 2))
        #expect(read == plaintext.prefix(131_072))
    }

    @Test func exchangedChunksAreFound() async throws {
        let file = try await sealed(pattern(200_000), to: [Self.identity.recipient])
        let header = try await PayloadSealer(to: [Self.identity.recipient]).header.readableBytes
        var exchanged = file.prefix(header)
        for chunk in [1, 0, 2, 3] {
            let start = header + chunk * 65_552
            var piece = try #require(file.getSlice(at: start, length: min(65_552, file.readableBytes - start)))
            exchanged.writeBuffer(&piece)
        }
        #expect(exchanged.readableBytes == file.readableBytes)
        #expect(try await ageError { try await opened(exchanged, with: [Self.identity]) } == .payloadCorrupt(chunk: 0))
    }
}
