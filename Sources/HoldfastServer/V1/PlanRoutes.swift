// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// `/v1/plans`: how they stand; pause, resume, run now.
struct PlanRoutes: Sendable {
    let operation: V1Operation

    private var scheduler: Scheduler { operation.backend.scheduler }

    func add(to router: Router<ServiceContext>) {
        router.get("v1/plans") { _, context in
            try await operation.look(context) { requester in
                let plans = try await scheduler.statuses().filter { Self.mayTouch($0, requester) }
                return try Answer(ListPage(items: plans, nextCursor: nil))
            }
        }
        router.get("v1/plans/:name") { _, context in
            try await operation.look(context) { try Answer(try await found(context, $0)) }
        }
        add("pause", .admin, to: router) { try await $0.pause($1) }
        add("resume", .admin, to: router) { try await $0.resume($1) }
        router.post("v1/plans/:name/run") { request, context in
            try await operation.change("plan run", context.backupName, .operator, request, context) { requester, _ in
                let plan = try await found(context, requester)
                try await scheduler.runNow(plan.name, requester: requester.name)
                return try Answer(plan, status: .accepted)
            }
        }
    }

    private func add(
        _ action: String, _ role: Role, to router: Router<ServiceContext>,
        _ body: @escaping @Sendable (Scheduler, String) async throws -> Void
    ) {
        router.post("v1/plans/:name/\(action)") { request, context in
            try await operation.change("plan \(action)", context.backupName, role, request, context) { requester, _ in
                let plan = try await found(context, requester)
                try await body(scheduler, plan.name)
                return try Answer(try await scheduler.status(plan.name))
            }
        }
    }

    private func found(_ context: ServiceContext, _ requester: Requester) async throws -> PlanStatus {
        let plan = try await scheduler.status(context.backupName)
        guard Self.mayTouch(plan, requester) else { throw OutOfScope(bucket: nil) }
        return plan
    }

    private static func mayTouch(_ plan: PlanStatus, _ requester: Requester) -> Bool {
        plan.buckets.allSatisfy { requester.mayTouch($0) }
    }
}
