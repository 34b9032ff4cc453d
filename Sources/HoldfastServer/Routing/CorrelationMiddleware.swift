// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Holdfast
import Hummingbird
import Logging

/// Gives every request its correlation id, logs it, and puts the id and the security headers on the answer.
struct CorrelationMiddleware: RouterMiddleware {
    private static let field = "X-Correlation-ID"

    let metrics: RequestMetrics

    @concurrent func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.correlationID = CorrelationID.accepting(request.headers[named: Self.field])
        context.logger[metadataKey: "correlation_id"] = "\(context.correlationID)"
        let begun = ContinuousClock.now
        metrics.begin()
        context.logger.debug(
            "Incoming request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "client_ip": "\(context.peer ?? "-")",
            ])
        var response: Response
        do {
            response = try await CorrelationID.with(context.correlationID) { [context] in
                try await next(request, context)
            }
        } catch let problem as Problem {
            response = problem.response
        } catch let error as any HTTPResponseError {
            response =
                Refusal(error.status, error.status.reasonPhrase, request.uri.path, context).response
        } catch {
            context.logger.error("\(error)", metadata: ["path": "\(request.uri.path)"])
            response = Problem(.internalServerError, "Something went wrong here. The log says what.", context).response
        }
        response.headers[named: Self.field] = context.correlationID
        SecurityHeaders.add(to: &response.headers)
        let duration = ContinuousClock.now - begun
        let milliseconds = duration / .milliseconds(1)
        metrics.end(
            method: request.method.rawValue, route: context.endpointPath == "NotFound" ? nil : context.endpointPath,
            status: Int(response.status.code),
            seconds: milliseconds / 1000)
        context.logger.info(
            "Request completed",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)",
                "status_code": "\(response.status.code)", "duration_ms": "\((milliseconds * 100).rounded() / 100)",
                "client_ip": "\(context.peer ?? "-")", "requester": "\(context.requester?.name ?? "-")",
            ])
        return response
    }
}

/// What browsers are told of every answer.
enum SecurityHeaders {
    private static let fields: [(HTTPField.Name, String)] = [
        ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        (
            "Permissions-Policy",
            "camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
        ),
    ].compactMap { pair in HTTPField.Name(pair.0).map { ($0, pair.1) } }

    static func add(to headers: inout HTTPFields) {
        for (name, value) in fields where headers[name] == nil { headers[name] = value }
    }
}
