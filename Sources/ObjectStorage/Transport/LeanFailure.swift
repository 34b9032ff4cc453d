// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Why the lean transport ended a request.
enum LeanFailure: Error, Equatable {
    /// The connection ended before any byte of an answer.
    case closedBeforeAnswer
    /// The whole time for the request passed.
    case overdue
    /// All connections stayed busy.
    case noConnectionInTime
    case handshakeOverdue
    case shutDown
}

extension TransportFailure {
    /// The error to throw for `error`, the lean transport's own included.
    func leanError(for error: any Error) -> any Error {
        switch error {
        case let error as LeanFailure: unreachable(error)
        case let error as LeanParserError: badAnswer(error)
        case is UploadFailure: error
        default: storeError(for: error)
        }
    }

    private var address: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private func unreachable(_ failure: LeanFailure) -> ObjectStoreError {
        let message =
            switch failure {
            case .closedBeforeAnswer: "\(address) closed the connection before it answered"
            case .overdue: "\(address) did not answer within the time allowed for the request"
            case .noConnectionInTime:
                "no connection to \(address) became free in time: all are busy; ask less at once or allow more connections"
            case .handshakeOverdue: "\(address) did not finish the TLS handshake in time: does the port speak TLS?"
            case .shutDown: "the connections to \(address) are closed: the transport was shut down"
            }
        return ObjectStoreError(.unreachable, message)
    }

    private func badAnswer(_ error: LeanParserError) -> ObjectStoreError {
        let message =
            switch error {
            case .notHTTP:
                "\(address) sent something that is not HTTP"
                    + (isTLS ? "" : ": does the port speak TLS, so that the endpoint begins with https://?")
            case .headTooLong: "\(address) sent headers of more than \(LeanResponseParser.headLimit) bytes"
            case .malformed(let what): "\(address) sent what is not proper HTTP: \(what)"
            case .endedEarly: "\(address) closed the connection before the answer was complete"
            case .unsolicited: "\(address) sent more than its answer"
            }
        return ObjectStoreError(.badAnswer, message)
    }
}
