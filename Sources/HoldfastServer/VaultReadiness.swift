// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// Whether the vault can be used now: each copy is asked for its listing.
struct VaultReadiness: Sendable {
    /// One copy's answer.
    struct Answer: Encodable, Equatable, Sendable {
        let copy: String
        let ready: Bool
        let problem: String?
    }

    let vault: Vault
    /// Whoever asks waits no longer: orchestrators take a late answer for none.
    var limit: Duration = .seconds(5)

    /// Asks all copies at once, in the order of the vault.
    func ask() async -> [Answer] {
        let copies = vault.copies
        let late = "no answer within \(limit.components.seconds) s"
        var answers = copies.map { Answer(copy: $0.label, ready: false, problem: late) }
        await withTaskGroup(of: (index: Int, answer: Answer)?.self) { group in
            for (index, copy) in copies.enumerated() {
                group.addTask { (index, await Self.ask(copy)) }
            }
            group.addTask { [limit] in
                try? await Task.sleep(for: limit)
                return nil
            }
            for _ in copies {
                guard let finished = await group.next(), let (index, answer) = finished else { break }
                answers[index] = answer
            }
            group.cancelAll()
        }
        return answers
    }

    private static func ask(_ copy: any VaultCopy) async -> Answer {
        do {
            _ = try await copy.archives()
            return Answer(copy: copy.label, ready: true, problem: nil)
        } catch {
            return Answer(copy: copy.label, ready: false, problem: "\(error)")
        }
    }
}
