// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import NIOCore

/// `/v1/runs`: begin, watch, cancel.
struct RunRoutes: Sendable {
    let operation: V1Operation

    private var runs: RunBook { operation.backend.runs }

    func add(to router: Router<ServiceContext>) {
        router.get("v1/runs") { request, context in
            try await operation.look(context) { try await list(request, $0) }
        }
        router.get("v1/runs/:id") { _, context in
            try await operation.look(context) { try Answer(try await found(context, $0)) }
        }
        router.get("v1/runs/:id/events") { _, context in
            guard let requester = context.requester else { throw Problem(.unauthorized, "No token.", context) }
            do {
                return try await events(of: found(context, requester).id)
            } catch let error as HoldfastError {
                throw Problem(.notFound, error.message, context)
            }
        }
        router.delete("v1/runs/:id") { request, context in
            let id = context.parameters.get("id") ?? ""
            return try await operation.change("cancel", id, .operator, request, context) { requester, _ in
                let run = try await found(context, requester)
                guard await runs.cancel(run.id) else {
                    throw HoldfastError(.conflict, "The run has ended: it is \(run.state.rawValue).")
                }
                return try Answer(try await found(context, requester), status: .accepted)
            }
        }
        router.post("v1/runs") { request, context in
            try await operation.change("run", "", .operator, request, context) { requester, body in
                try await begin(try JSONDecoder.snakeCase.decode(Wanted.self, from: body), requester, context)
            }
        }
    }

    /// A run, as this API tells of it.
    struct Shown: Encodable, Sendable {
        let id: String
        let kind: String
        let subject: String
        let plan: String?
        let requester: String
        let correlationId: String
        let state: RunState
        let begun: Date
        let ended: Date?
        let message: String?
        let progress: Progress?
        let report: JSONValue?

        struct Progress: Encodable, Sendable {
            let phase: String
            let objectsDone: Int
            let objectsTotal: Int
            let bytesDone: Int64
            let bytesTotal: Int64
            let exceptions: Int

            init(_ reading: ProgressMeter.Reading) {
                phase = reading.phase
                objectsDone = reading.objectsDone
                objectsTotal = reading.objectsTotal
                bytesDone = reading.bytesDone
                bytesTotal = reading.bytesTotal
                exceptions = reading.exceptions
            }
        }

        init(_ run: RunRecord, progress: ProgressMeter.Reading? = nil, withReport: Bool = true) {
            id = run.id
            kind = run.kind
            subject = run.subject
            plan = run.plan
            requester = run.requester
            correlationId = run.correlationID
            state = run.state
            begun = run.begun
            ended = run.ended
            message = run.message
            self.progress = progress.map(Progress.init)
            report = withReport ? run.report.flatMap(JSONValue.init) : nil
        }
    }

    private func list(_ request: Request, _ requester: Requester) async throws -> Answer {
        let parameters = RequestParameters(query: request.uri.query, body: Data())
        let limit = try parameters.limit()
        var before: RunRecord?
        if let cursor = try parameters.text("cursor") { before = try await operation.backend.state.run(cursor) }
        let all = try await operation.backend.state.runs(
            before: before, plan: try parameters.text("plan"), kind: try parameters.text("kind"), limit: limit)
        // A token for certain buckets sees what it began itself, and what bears the name of one of them.
        let own = all.filter {
            requester.buckets == nil || $0.requester == requester.name || requester.mayTouch($0.subject)
        }
        return try Answer(
            ListPage(
                items: own.map { Shown($0, withReport: false) }, nextCursor: all.count < limit ? nil : all.last?.id))
    }

    private func found(_ context: ServiceContext, _ requester: Requester) async throws -> Shown {
        let id = context.parameters.get("id") ?? ""
        guard let run = try await runs.run(id),
            requester.buckets == nil || run.requester == requester.name || requester.mayTouch(run.subject)
        else { throw HoldfastError(.notFound, "There is no run \(id.prefix(100)).") }
        return Shown(run, progress: await runs.progress(of: id)?.reading)
    }

    /// What is asked for.
    private struct Wanted: Decodable, Sendable {
        let kind: RunKind
        let bucket: String?
        let backup: String?
        let name: String?
        let allVersions: Bool?
        let full: Bool?
        let targetBucket: String?
        let overwrite: OverwritePolicy?
        let prefix: String?
        let dryRun: Bool?
        let depth: VerifyDepth?
    }

    private func begin(_ wanted: Wanted, _ requester: Requester, _ context: ServiceContext) async throws -> Answer {
        let engine = operation.backend.engine
        func required(_ value: String?, _ name: String) throws -> String {
            guard let value, !value.isEmpty else {
                throw HoldfastError(.invalidConfiguration, "A run of the kind \(wanted.kind.rawValue) needs “\(name)”.")
            }
            return value
        }
        func request(_ subject: String) -> RunRequest {
            RunRequest(wanted.kind, of: subject, requester: requester.name, correlationID: context.correlationID)
        }
        let record: RunRecord
        switch wanted.kind {
        case .backup:
            let bucket = try required(wanted.bucket, "bucket")
            try requester.demand(bucket)
            let name = try wanted.name.map { try BackupName(withoutExtension: $0) }
            let options = BackupRun.Options(isFull: wanted.full ?? false, allVersions: wanted.allVersions ?? false)
            record = try await runs.begin(request(bucket)) { progress in
                try await engine.backUp(bucket: bucket, name: name, options: options, progress: progress)
            }.record
        case .restore:
            let backup = try required(wanted.backup, "backup")
            try await demand(backup, requester)
            if let target = wanted.targetBucket { try requester.demand(target) }
            let options = RestoreRun.Options(
                overwrite: wanted.overwrite ?? .never,
                selection: KeySelection(prefix: Array((wanted.prefix ?? "").utf8)), dryRun: wanted.dryRun ?? false,
                allVersions: wanted.allVersions ?? false)
            record = try await runs.begin(request(backup)) { progress in
                try await engine.restore(
                    backup, into: wanted.targetBucket, at: nil, options: options, progress: progress)
            }.record
        case .verify:
            let backup = try required(wanted.backup, "backup")
            try await demand(backup, requester)
            record = try await runs.begin(request(backup)) { progress in
                try await engine.verify(backup, depth: wanted.depth ?? .frames, progress: progress)
            }.record
        case .prune, .delete:
            throw HoldfastError(
                .invalidConfiguration, "A run of the kind \(wanted.kind.rawValue) cannot be begun here.",
                hint: "DELETE /v1/backups/{name} deletes a backup; plans prune.")
        }
        var answer = try Answer(Shown(record, progress: await runs.progress(of: record.id)?.reading), status: .accepted)
        answer.headers[.location] = "/v1/runs/\(record.id)"
        return answer
    }

    /// - Throws: when there is no such backup, or the requester may not touch its bucket.
    private func demand(_ backup: String, _ requester: Requester) async throws {
        let found = try await operation.backend.engine.open(backup, progress: ProgressMeter())
        try requester.demand(found.metadata?.bucketName)
    }

    /// How far a run is, each half second until it has ended, as server-sent events (HTML standard, section 9.2).
    private func events(of id: String) async throws -> Response {
        let runs = runs
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                while let run = try await runs.run(id) {
                    let progress = await runs.progress(of: id)?.reading
                    let data = try ReportJSON.encoder.encode(Shown(run, progress: progress))
                    let name = run.state == .running ? "progress" : "end"
                    try await writer.write(
                        ByteBuffer(string: "event: \(name)\ndata: \(String(decoding: data, as: UTF8.self))\n\n"))
                    if run.state != .running { break }
                    try await Task.sleep(for: .milliseconds(500))
                }
                try await writer.finish(nil)
            })
    }
}

extension JSONDecoder {
    /// Names in `snake_case`, as everywhere in this API.
    static var snakeCase: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
