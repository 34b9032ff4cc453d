// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

extension Failure {
    /// For people: what happened, and what to do.
    var text: String {
        "holdfast: \(message)" + (hint.map { "\n  → \($0)" } ?? "")
    }

    /// For programs: one JSON object on one line.
    var json: String {
        struct Document: Encodable {
            struct Body: Encodable {
                let code: String
                let message: String
                let hint: String?
                let exitCode: Int32
            }
            let error: Body
        }
        let body = Document.Body(code: code, message: message, hint: hint, exitCode: status.rawValue)
        return JSONText.line(Document(error: body)) ?? "{\"error\":{\"code\":\"\(code)\"}}"
    }
}
