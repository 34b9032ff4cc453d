// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Hummingbird
import NIOCore

/// What is known of a request beside its bytes.
struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address that it came from, without the port; `nil` in tests without a network.
    let peer: String?
    /// Found again in the answer, the log, the runs and the requests to servers.
    var correlationID = ""
    /// Who makes it; `nil` for those who need not say, as at `/health`.
    var requester: Requester?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }

    /// Requests carry a few parameters: 1 MiB is plenty.
    var maxUploadSize: Int { 1 << 20 }
}
