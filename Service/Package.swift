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
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
    name: "unetrpp-service",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "UNETRDICOMWeb", targets: ["UNETRDICOMWeb"]),
        .executable(name: "unetrpp-pacs", targets: ["unetrpp-pacs"]),
    ],
    dependencies: [
        .package(name: "unetr-plus-plus", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // A client of archives that speak DICOMweb.
        .target(
            name: "UNETRDICOMWeb",
            dependencies: [support, volumes, .product(name: "AsyncHTTPClient", package: "async-http-client"), core, posix, http, tls],
            swiftSettings: upcoming),
        .executableTarget(
            name: "unetrpp-pacs",
            dependencies: ["UNETRDICOMWeb", support, volumes, .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: upcoming),
        .testTarget(
            name: "UNETRDICOMWebTests", dependencies: ["UNETRDICOMWeb", "unetrpp-pacs", support, volumes, core, posix, http, tls],
            swiftSettings: upcoming),
    ],
    swiftLanguageModes: [.v6]
)
