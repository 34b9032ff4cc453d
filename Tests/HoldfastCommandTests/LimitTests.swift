// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import Testing

@testable import HoldfastCommand

@Suite("Limits of what is sent and received, as they are written")
struct LimitTests {
    @Test(
        "Rates",
        arguments: [
            ("20MiB/s", 20 << 20), ("5M", 5 << 20), ("800K", 800 << 10), ("800k", 800 << 10), ("1.5 GiB/s", 3 << 29),
            ("4096", 4096), ("4096B/s", 4096), ("10MB/s", 10_000_000), ("2KB", 2000), ("1GB", 1_000_000_000),
        ])
    func rates(text: String, expected: Int) {
        #expect(RateText.bytesPerSecond(text) == expected)
    }

    @Test(
        "What is no rate",
        arguments: [
            "", "M", "fast", "-5M", "5MM", "5M/min", "10Mbit/s", "10Mb/s", "10Mb", "1e9", "1.2.3K", "99999999999G",
        ])
    func noRates(text: String) {
        #expect(RateText.bytesPerSecond(text) == nil)
    }

    @Test("Flags come before the file, the file before the environment")
    func order() throws {
        var places = Places.minio
        #expect(try places.resolve().configuration.bandwidth.download == nil)
        places.environment["HOLDFAST_LIMIT_DOWNLOAD"] = "3M"
        places.environment["HOLDFAST_LIMIT_UPLOAD"] = "4M"
        let byEnvironment = try places.resolve().configuration.bandwidth
        #expect(byEnvironment.download?.bytesPerSecond == 3 << 20)
        #expect(byEnvironment.upload?.bytesPerSecond == 4 << 20)
        places.files["/home/ada/.config/holdfast/holdfast.yaml"] = "limits: {download: 2M, upload: 2000K}"
        #expect(try places.resolve().configuration.bandwidth.download?.bytesPerSecond == 2 << 20)
        let byFlag = try places.resolve(["--limit-download", "1M"]).configuration.bandwidth
        #expect(byFlag.download?.bytesPerSecond == 1 << 20)
        #expect(byFlag.upload?.bytesPerSecond == 2000 << 10)
    }

    @Test(
        "What makes no sense is refused, and where it stands is said",
        arguments: [
            ("--limit-download", "fast", "--limit-download is no rate: “fast”."),
            ("--limit-upload", "1000", "--limit-upload is 1000 bytes a second"),
            ("--limit-upload", "", "--limit-upload is no rate"),
        ])
    func refused(flag: String, value: String, says: String) throws {
        let error = try #require(try Places.minio.refusal([flag, value]))
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(says), "\(error.message)")
    }
}
