// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOPosix
import ObjectStorage
import Synchronization
import SystemPackage

/// The servers that are connected to, one for each endpoint and key, and what closes them.
final class Servers: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let bandwidth: Bandwidth
    private let requestRate: RateTimetable?
    let counter = RequestCounter()
    private let transports = Mutex<[any S3Transport]>([])

    /// - Parameter configuration: its limits, of which that of bytes is shared with every other server of the process.
    init(group: MultiThreadedEventLoopGroup, logger: Logger, _ configuration: HoldfastConfiguration) {
        self.group = group
        self.logger = logger
        bandwidth = configuration.bandwidth
        requestRate = configuration.requestRate
    }

    /// The server of a configuration, with retries and bounded concurrency.
    ///
    /// - Parameter sendsContentMD5: whether every object is sent with a checksum.
    func service(_ configuration: StorageConfiguration, sendsContentMD5: Bool = false) throws -> RetryingStorageService
    {
        var http = HTTPTransportOptions()
        http.certificateAuthorities = configuration.certificateAuthority?.string
        let transport = try SplitTransport(eventLoopGroup: group, options: http)
        transports.withLock { $0.append(transport) }
        var options = S3ClientOptions()
        options.sendsContentMD5 = sendsContentMD5
        options.customerKeys = configuration.customerKeys
        options.requests = requestRate.map { RateLimit($0) }
        options.counter = counter
        options.userAgent = "holdfast/\(HoldfastVersion.current)"
        let client = S3Client(
            endpoint: configuration.endpoint, credentials: configuration.credentials, region: configuration.region,
            transport: transport, options: options)
        return RetryingStorageService(
            S3Service(client), bandwidth: bandwidth, retries: RetryLoop(logger: logger), logger: logger)
    }

    /// Closes every connection and ends the threads.
    func shutdown() async {
        for transport in transports.withLock({ $0 }) { try? await transport.shutdown() }
        try? await group.shutdownGracefully()
    }
}
