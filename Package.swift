// swift-tools-version: 6.2
// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

var settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
// `make test` and CI set this; a user's newer compiler must not fail on a warning we could not know.
if Context.environment["HOLDFAST_STRICT"] != nil {
    settings.append(.treatAllWarnings(as: .error))
}

let bytes = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let posix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let paths = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "holdfast",
    products: [.executable(name: "holdfast", targets: ["HoldfastCommand"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // Vocabulary: byte streams, random access, bounded concurrency. Knows no format and no network.
        .target(name: "Streams", dependencies: [bytes]),

        // The age file format: an outside specification and a trust boundary.
        .target(
            name: "Age",
            dependencies: ["Streams", bytes, crypto, .product(name: "CryptoExtras", package: "swift-crypto")]),

        // Seekable archives. Fences the compression libraries; knows neither keys nor buckets.
        .target(name: "Archive", dependencies: ["Streams", bytes, "CIsal", "CDeflate", "CZstd"]),
        .systemLibrary(name: "CIsal", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Buckets: the contract, its wrappers, the S3 client. Fences the HTTP client.
        .target(
            name: "ObjectStorage",
            dependencies: [
                "Streams", bytes, posix, crypto, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),

        // The contents of a backup, in SQLite. Fences GRDB.
        .target(name: "Catalog", dependencies: [paths, .product(name: "GRDB", package: "GRDB.swift")]),

        // The engine: the only target that combines the four above.
        .target(
            name: "Holdfast",
            dependencies: [
                "Age", "Archive", "Catalog", "ObjectStorage", "Streams", bytes, posix, paths, logging, crypto,
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ]),

        // HTTP. Sees operations and plain values, never SQL or S3. Fences Hummingbird.
        .target(
            name: "HoldfastServer",
            dependencies: [
                "Holdfast", "Catalog", bytes, logging, lifecycle, crypto,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), paths,
            ]),

        // The executable: parse, build a value, run it, print the report.
        .executableTarget(
            name: "HoldfastCommand",
            dependencies: [
                "HoldfastServer", "Holdfast", "Archive", "Catalog", "ObjectStorage", "Streams", bytes, paths, logging,
                lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ]),

        // Stores that are made to fail, keys that are made to hurt, and servers that are made to lie.
        .target(
            name: "TestSupport",
            dependencies: ["ObjectStorage", "Streams", bytes, posix, crypto],
            path: "Tests/TestSupport"),
        // What a backup costs beside server and network, with millions of objects: `make scale`.
        .executableTarget(
            name: "holdfast-scale",
            dependencies: ["Holdfast", "Archive", "ObjectStorage", "Streams", bytes, paths, logging, crypto],
            path: "Benchmarks/Scale"),
        .testTarget(name: "StreamsTests", dependencies: ["Streams", bytes]),
        .testTarget(name: "AgeTests", dependencies: ["Age", "Streams", bytes]),
        .testTarget(name: "ArchiveTests", dependencies: ["Archive", "Streams", bytes]),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: ["ObjectStorage", "Streams", "TestSupport", bytes, posix, logging, crypto]),
        .testTarget(name: "CatalogTests", dependencies: ["Catalog", paths]),
        .testTarget(
            name: "HoldfastTests",
            dependencies: [
                "Holdfast", "Archive", "Catalog", "ObjectStorage", "Streams", "TestSupport", bytes, posix, paths,
                logging,
                crypto,
            ]),
        .testTarget(
            name: "HoldfastServerTests",
            dependencies: [
                "HoldfastServer", "Holdfast", "Catalog", "ObjectStorage", "Streams", "TestSupport", bytes, paths,
                logging,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        .testTarget(
            name: "HoldfastCommandTests",
            dependencies: ["HoldfastCommand", "Holdfast", "ObjectStorage", "TestSupport", bytes, posix, paths]),
        // The parsers of foreign bytes, fed with what fuzzing found. `make fuzz` builds the same sources otherwise.
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Age", "Archive", "Catalog", "ObjectStorage", "Holdfast", "HoldfastCommand", "Streams", "TestSupport",
                bytes, paths, .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Fuzzer", "CFuzzer"]),
    ]
)

// `make fuzz`: coverage counters in every module, and in place of all tests and commands one executable that feeds the
// parsers. Never part of a usual build. `sanitizer` is libFuzzer's archive without its own main function.
if let sanitizer = Context.environment["HOLDFAST_FUZZ"] {
    // Optimised here so that the build may be one for debugging, in which the packages that we use take half the time.
    settings.append(.unsafeFlags(["-sanitize=fuzzer", "-enable-testing", "-O"]))
    package.products = []
    let command = package.targets.first { $0.name == "HoldfastCommand" }
    package.targets.removeAll { $0.type == .test || $0.type == .executable }
    package.targets += [
        .target(
            name: "HoldfastCommand",
            dependencies: command?.dependencies ?? [],
            exclude: ["Main.swift"]),
        .systemLibrary(name: "CFuzzer", path: "Tests/FuzzTests/CFuzzer"),
        .executableTarget(
            name: "holdfast-fuzz",
            dependencies: [
                "Age", "Archive", "Catalog", "ObjectStorage", "Holdfast", "HoldfastCommand", "Streams", "CFuzzer",
                bytes,
                paths, .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Tests/FuzzTests", sources: ["Parsers", "Fuzzer"],
            linkerSettings: [.unsafeFlags([sanitizer]), .linkedLibrary("stdc++")]),
    ]
}

for target in package.targets where target.type != .system {
    target.swiftSettings = settings
}
