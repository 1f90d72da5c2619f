// swift-tools-version: 6.2
import PackageDescription

// What talks over a network is a package of its own, so that nobody who builds the library or `unetrpp` resolves or builds SwiftNIO.
// `make service` builds it, `make service-test` tests it.

let upcoming: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let support = Target.Dependency.product(name: "UNETRSupport", package: "unetr-plus-plus")
let volumes = Target.Dependency.product(name: "UNETRVolumes", package: "unetr-plus-plus")
let core = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let posix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let http = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let evaluation = Target.Dependency.product(name: "UNETREvaluation", package: "unetr-plus-plus")
let work = Target.Dependency.product(name: "UNETRWork", package: "unetr-plus-plus")
let archives = Target.Dependency.product(name: "UNETRArchives", package: "unetr-plus-plus")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
    name: "unetrpp-service",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "UNETRDICOMWeb", targets: ["UNETRDICOMWeb"]),
        .executable(name: "unetrpp-pacs", targets: ["unetrpp-pacs"]),
        .library(name: "UNETRServer", targets: ["UNETRServer"]),
        .executable(name: "unetrpp-serve", targets: ["unetrpp-serve"]),
    ],
    dependencies: [
        .package(name: "unetr-plus-plus", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // A client of archives that speak DICOMweb.
        .target(
            name: "UNETRDICOMWeb",
            dependencies: [support, volumes, .product(name: "AsyncHTTPClient", package: "async-http-client"), core, posix, http, tls],
            swiftSettings: upcoming),
        .executableTarget(
            name: "unetrpp-pacs",
            dependencies: ["UNETRDICOMWeb", support, volumes, arguments],
            swiftSettings: upcoming),
        // The server: HTTP, the store, the queue. Worker processes compute.
        .target(
            name: "UNETRServer",
            dependencies: [
                "UNETRDICOMWeb", work, support, volumes, archives, evaluation, hummingbird, .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"), signals, lifecycle, database,
                logging, metrics, core, http, tls, .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: upcoming),
        .executableTarget(
            name: "unetrpp-serve", dependencies: ["UNETRServer", arguments, logging, metrics, lifecycle, signals], swiftSettings: upcoming),
        // Speaks as a worker does, and needs no model.
        .executableTarget(
            name: "stand-in-worker", dependencies: [work, support, volumes], path: "Tests/StandInWorker", swiftSettings: upcoming),
        // A real archive, where it is installed.
        .target(name: "ArchiveTestSupport", dependencies: [support], path: "Tests/ArchiveTestSupport", swiftSettings: upcoming),
        .testTarget(
            name: "UNETRServerTests",
            dependencies: [
                "UNETRServer", "UNETRDICOMWeb", "ArchiveTestSupport", "unetrpp-serve", "stand-in-worker", support, volumes, work,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                lifecycle, logging, core, http, tls, .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: upcoming),
        .testTarget(
            name: "UNETRDICOMWebTests", dependencies: ["UNETRDICOMWeb", "ArchiveTestSupport", "unetrpp-pacs", support, volumes, core, posix, http, tls],
            swiftSettings: upcoming),
    ],
    swiftLanguageModes: [.v6]
)
