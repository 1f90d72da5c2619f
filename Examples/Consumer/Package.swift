// swift-tools-version: 6.2
import PackageDescription

// A package that depends on UNETR++ for Swift by version. The compile and link flags of libtorch come from the libtorch.pc in
// PKG_CONFIG_PATH, so the library needs no unsafe flags; where the loader finds libtorch is this program's own decision:
//
//     export PKG_CONFIG_PATH=/path/of/unetr-plus-plus/.libtorch
//     swift run
//
// Put the address you clone UNETR++ for Swift from in place of the one below (Scripts/check-consumer lends it a meaning).

let libtorch = Context.environment["PKG_CONFIG_PATH"]?.split(separator: ":").first.map(String.init) ?? "/usr/local"

let package = Package(
    name: "Consumer",
    platforms: [.macOS(.v14)],
    dependencies: [
        .package(url: "https://example.org/unetr-plus-plus", from: "0.1.0")
    ],
    targets: [
        .executableTarget(
            name: "Consumer",
            dependencies: [
                .product(name: "UNETRPlusPlus", package: "unetr-plus-plus"),
                .product(name: "UNETRVolumes", package: "unetr-plus-plus"),
            ],
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"])]),
        // Scans only: needs no libtorch at all.
        .executableTarget(name: "ScanGeometry", dependencies: [.product(name: "UNETRVolumes", package: "unetr-plus-plus")]),
    ]
)
