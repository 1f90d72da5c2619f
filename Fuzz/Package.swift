// swift-tools-version: 6.2
import PackageDescription

// The fuzzer is a package of its own, so that nobody who builds the project builds it. See README.md; `Scripts/fuzz` builds and runs it.

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "unetr-plus-plus", path: "..")],
    targets: [
        .target(name: "CFuzz"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CFuzz",
                .product(name: "UNETRArchives", package: "unetr-plus-plus"),
                .product(name: "UNETRPlanning", package: "unetr-plus-plus"),
                .product(name: "UNETRPreparation", package: "unetr-plus-plus"),
                .product(name: "UNETRVolumes", package: "unetr-plus-plus"),
            ],
            path: "Sources/Fuzz",
            // The function main is libFuzzer's.
            swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
    ],
    swiftLanguageModes: [.v6]
)
