// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Puts the errors of sockets, TLS and HTTP into words that say which server, what happened and what to do.
struct TransportFailure: Sendable {
    let host: String
    let port: Int
    let isTLS: Bool

    private var server: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The error to throw for `error`: cancellation and errors of the contract as they are, all others translated.
    func storeError(for error: any Error) -> any Error {
        switch error {
        case is CancellationError, is ObjectStoreError:
            return error
        case let error as HTTPClientError:
            return clientError(error)
        case let error as ConnectionStalled:
            return unreachable(
                "\(server) sent and took nothing for \(error.seconds) s, and the connection was given up")
        case let error as NIOConnectionError:
            return connectionError(error)
        case let error as IOError:
            return ioError(error)
        case is HTTPParserError where isEndOfFile(error):
            return ObjectStoreError(.badAnswer, "\(server) closed the connection before the answer was complete")
        case is HTTPParserError:
            return ObjectStoreError(
                .badAnswer,
                "\(server) sent something that is not HTTP (\(error))"
                    + (isTLS ? "" : ": does the port speak TLS, so that the endpoint begins with https://?"))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return tlsError(error)
        case ChannelError.connectTimeout:
            return unreachable("\(server) did not answer in time: is the address right, and does a firewall drop it?")
        default:
            return unreachable("the connection to \(server) failed: \(error)")
        }
    }

    private func unreachable(_ message: String) -> ObjectStoreError {
        ObjectStoreError(.unreachable, message)
    }

    private func isEndOfFile(_ error: any Error) -> Bool {
        switch error as? HTTPParserError {
        case .invalidEOFState, .closedConnection: true
        default: false
        }
    }

    private func clientError(_ error: HTTPClientError) -> any Error {
        switch error {
        case .cancelled where Task.isCancelled:
            return CancellationError()
        case .connectTimeout:
            return unreachable("\(server) did not answer in time: is the address right, and does a firewall drop it?")
        case .tlsHandshakeTimeout:
            return unreachable("\(server) did not finish the TLS handshake in time: does the port speak TLS?")
        case .getConnectionFromPoolTimeout:
            return unreachable(
                "no connection to \(server) became free in time: all are busy; ask less at once or allow more connections"
            )
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            return unreachable("\(server) did not answer within the time allowed for the request")
        case .remoteConnectionClosed, .cancelled, .uncleanShutdown, .requestStreamCancelled:
            return unreachable("\(server) closed the connection before it answered")
        case .alreadyShutdown:
            return unreachable("the connections to \(server) are closed: the transport was shut down")
        default:
            return unreachable("the connection to \(server) failed: \(error.shortDescription)")
        }
    }

    private func connectionError(_ error: NIOConnectionError) -> ObjectStoreError {
        // Every address is tried; the first failure is that of the preferred one, and one is enough to tell.
        if let first = error.connectionErrors.first {
            return (first.error as? IOError).map(ioError)
                ?? unreachable("the connection to \(server) failed: \(first.error)")
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return unreachable("the name \(host) is not known to DNS: is the endpoint spelled right?")
        }
        return unreachable("the connection to \(server) failed: \(error)")
    }

    private func ioError(_ error: IOError) -> ObjectStoreError {
        switch error.errnoCode {
        case ECONNREFUSED:
            return unreachable("connection refused: is the server running at \(server)?")
        case ECONNRESET, EPIPE, ECONNABORTED:
            return unreachable("\(server) broke the connection")
        case ETIMEDOUT:
            return unreachable("\(server) did not answer in time: is the address right, and does a firewall drop it?")
        case EHOSTUNREACH, ENETUNREACH:
            return unreachable("there is no route to \(server): is the network up?")
        case EMFILE, ENFILE:
            return unreachable("no file descriptor is free for a connection to \(server): raise the limit (ulimit -n)")
        default:
            return unreachable("the connection to \(server) failed: \(error)")
        }
    }

    private func tlsError(_ error: any Error) -> ObjectStoreError {
        let details = "\(error)"
        if error as? NIOSSLError == .uncleanShutdown {
            return ObjectStoreError(.badAnswer, "\(server) closed the TLS connection before the answer was complete")
        }
        if (error as? NIOSSLExtraError) == .failedToValidateHostname {
            return unreachable(
                "the certificate of \(server) is for another name: use the name that it was made for, or give the "
                    + "server one for \(host)")
        }
        if details.contains("CERTIFICATE_VERIFY_FAILED") || error as? NIOSSLError == .unableToValidateCertificate {
            return unreachable(
                "the certificate of \(server) is not trusted (self-signed, expired, or of an unknown authority): name "
                    + "the authority's PEM file in the settings, or give the server a certificate that is trusted")
        }
        if details.contains("WRONG_VERSION_NUMBER") || details.contains("HTTP_REQUEST") {
            return unreachable(
                "\(server) does not speak TLS: does the endpoint begin with http:// instead of https://?")
        }
        return unreachable("TLS with \(server) failed: \(details)")
    }
}
