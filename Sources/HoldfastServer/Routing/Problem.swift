// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Holdfast
import Hummingbird

/// An error as RFC 9457 has it, or under the older API's paths as that API had it.
struct Problem: Error, Sendable {
    let status: HTTPResponse.Status
    let detail: String
    let correlationID: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ detail: String, _ context: ServiceContext) {
        self.status = status
        self.detail = detail
        correlationID = context.correlationID
    }

    private struct Document: Encodable {
        let type = "about:blank"
        let title: String
        let status: Int
        let detail: String
        let correlationId: String
    }

    /// Never throws: texts can always be written.
    var response: Response {
        let document = Document(
            title: status.reasonPhrase, status: Int(status.code), detail: detail, correlationId: correlationID)
        guard var answer = try? Answer(document, status: status) else { return Response(status: status) }
        answer.type = "application/problem+json"
        answer.headers = headers
        return answer.response
    }
}
