// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import NIOCore

/// A whole answer, small enough to be kept: what routes that change something give.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var type = Answer.json
    var headers: HTTPFields = [:]
    var body: Data

    static let json = "application/json; charset=utf-8"

    init(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        self.status = status
        body = try ReportJSON.encoder.encode(value)
    }

    init(_ kept: KeptAnswer) {
        status = HTTPResponse.Status(code: kept.status)
        type = kept.type
        body = kept.body
    }

    var kept: KeptAnswer { KeptAnswer(status: Int(status.code), type: type, body: body) }

    /// Never to be cached: it is true now.
    var response: Response {
        var headers = headers
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
