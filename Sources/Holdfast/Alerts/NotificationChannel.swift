// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A way to tell somebody of an alert.
package protocol NotificationChannel: Sendable {
    /// For people, without secrets: `webhook at example.org`.
    var label: String { get }

    /// Tells, and returns when it arrived.
    ///
    /// - Throws: when it did not, or nobody knows.
    func send(_ notice: AlertNotice, at now: Date) async throws
}

/// What programs are told: the event, one line for people, and the alert with the fields of the older system.
struct NoticeDocument: Encodable {
    let event: AlertNotice.Event
    let text: String
    let alert: Alert

    init(_ notice: AlertNotice) {
        (event, text, alert) = (notice.event, notice.words, notice.alert)
    }
}
