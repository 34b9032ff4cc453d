// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// `/v1/buckets` and `/v1/backups`.
struct BackupRoutes: Sendable {
    let operation: V1Operation

    private var engine: Engine { operation.backend.engine }

    func add(to router: Router<ServiceContext>) {
        router.get("v1/buckets") { request, context in
            try await operation.look(context) { requester in
                let names = try await engine.buckets().filter { requester.mayTouch($0) }
                let parameters = RequestParameters(query: request.uri.query, body: Data())
                return try Answer(
                    ListPage(
                        names.map(Bucket.init), after: try parameters.text("cursor"), limit: try parameters.limit(),
                        name: \.name))
            }
        }
        router.get("v1/backups") { request, context in
            try await operation.look(context) { try await list(request, $0) }
        }
        router.get("v1/backups/:name") { _, context in
            try await operation.look(context) { try Answer(try await summary(context, $0)) }
        }
        router.get("v1/backups/:name/objects") { request, context in
            try await operation.look(context) { try await objects(request, context, $0) }
        }
        router.delete("v1/backups/:name") { request, context in
            let name = context.backupName
            return try await operation.change("delete", name, .admin, request, context) { requester, _ in
                let backup = try await summary(context, requester)
                let engine = engine
                let run = try await operation.backend.runs.begin(
                    RunRequest(.delete, of: name, requester: requester.name, correlationID: context.correlationID)
                ) { _ in try await engine.delete(backup.file) }
                return try Answer(try await run.report)
            }
        }
    }

    private struct Bucket: Encodable, Sendable {
        let name: String
    }

    private func list(_ request: Request, _ requester: Requester) async throws -> Answer {
        let parameters = RequestParameters(query: request.uri.query, body: Data())
        let bucket = try parameters.text("bucket")
        let found = try await engine.backups()
        let backups = found.backups.filter { requester.mayTouch($0.bucket) && (bucket == nil || $0.bucket == bucket) }
        var answer = try Answer(
            ListPage(
                backups.reversed(), after: try parameters.text("cursor"), limit: try parameters.limit(), name: \.file))
        // What only these hold is not in the list.
        if !found.unreachable.isEmpty {
            answer.headers[named: "Warning"] =
                "199 holdfast \"\(found.unreachable.count) of \(engine.vault.copies.count) copies could not be listed\""
        }
        return answer
    }

    private func summary(_ context: ServiceContext, _ requester: Requester) async throws -> BackupSummary {
        let name = context.backupName
        let entry = try await engine.vault.find(name)
        guard let backup = try await engine.backups().backups.first(where: { $0.file == entry.file.fileName }) else {
            throw HoldfastError(.notFound, "There is no backup named \(name).")
        }
        try requester.demand(backup.bucket)
        return backup
    }

    private func objects(_ request: Request, _ context: ServiceContext, _ requester: Requester) async throws -> Answer {
        let parameters = RequestParameters(query: request.uri.query, body: Data())
        let limit = try parameters.limit()
        let backup = try await engine.open(context.backupName, progress: ProgressMeter())
        try requester.demand(backup.metadata?.bucketName)
        let prefix = Array((try parameters.text("prefix") ?? "").utf8)
        let cursor = try parameters.text("cursor")
        guard let after = ObjectCursor(cursor) else {
            throw RequestParameters.Invalid(
                type: "cursor", loc: ["query", "cursor"], msg: "not one that a list gave", input: cursor)
        }
        let rows = try await backup.catalog.objects(prefix: prefix, after: after.place, limit: limit)
        return try Answer(
            ListPage(
                items: rows.map(ShownObject.init),
                nextCursor: rows.count < limit ? nil : rows.last.map(ObjectCursor.text)))
    }
}

/// A place in a list of objects: `<key in hex>.<ordinal>`, since a key may be any bytes.
private struct ObjectCursor {
    /// `nil` for the beginning.
    let place: (key: [UInt8], ordinal: Int)?

    init?(_ text: String?) {
        guard let text else {
            place = nil
            return
        }
        let parts = text.split(separator: ".")
        guard parts.count == 2, let key = Hex.bytes(String(parts[0])), let ordinal = Int(parts[1]) else { return nil }
        place = (key, ordinal)
    }

    static func text(_ row: CatalogObject) -> String { "\(Hex.text(row.key)).\(row.ordinal)" }
}

extension ServiceContext {
    /// The name of a backup in the path.
    var backupName: String { parameters.get("name").map { PercentText.decode($0) } ?? "" }
}
