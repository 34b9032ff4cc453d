// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// `/alerts`: what somebody has to look at, as the older API told it.
struct AlertRoutes: Sendable {
    let backend: Backend

    func add(to router: Router<ServiceContext>) {
        router.get("alerts") { request, context in
            // What an alert is about may be a bucket that a token is not for.
            guard context.requester?.buckets == nil else {
                throw Problem(.forbidden, "Alerts are of every bucket, and this token is for some.", context)
            }
            let parameters = RequestParameters(query: request.uri.query, body: Data())
            // A query is text and nothing else.
            let status = try? parameters.text("status")
            let alerts = try await backend.alerts.alerts()
            return try Answer(
                ContractDocument(context.correlationID, backend.services.now(), Listed(alerts, status: status))
            ).response
        }
    }

    private struct Listed: Encodable {
        struct Configuration: Encodable {
            let serviceDownThresholdMinutes = 5
            let escalationIntervalMinutes = 15
        }

        let totalAlerts: Int
        let activeAlerts: Int
        let resolvedAlerts: Int
        let alerts: [Alert]
        let config = Configuration()

        /// - Parameter status: `active` or `resolved`; anything else is all.
        init(_ all: [Alert], status: String?) {
            totalAlerts = all.count
            activeAlerts = all.count { $0.status == .active }
            resolvedAlerts = totalAlerts - activeAlerts
            alerts = status.flatMap(Alert.Status.init).map { wanted in all.filter { $0.status == wanted } } ?? all
        }
    }
}
