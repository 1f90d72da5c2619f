// swift-tools-version: 6.2
import PackageDescription

// The list of targets is the architecture: a target may use only what stands above it here.
// Below the line "needs libtorch", nothing but Torch talks to CTorch and nothing but CTorch talks to libtorch.
//
// `make setup` puts libtorch at `.libtorch/include` and `.libtorch/lib` (links to wherever it is installed), which is where the
// targets of this package look, so that plain `swift build` and `swift test` work. A package that depends on this one has no such
// folder: it sets PKG_CONFIG_PATH to the folder of a `libtorch.pc`, and the flags come from there. Library products carry no unsafe flags.

let upcoming: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Where the linker and the loader find libtorch. Only for what is linked into a program here: the executable and the tests.
let torchFolder = "\(Context.packageDirectory)/.libtorch/lib"
let torchRunPath: [LinkerSetting] = [.unsafeFlags(["-L", torchFolder, "-Xlinker", "-rpath", "-Xlinker", torchFolder])]

/// The same without the run path, for a program that is told by its launcher where libtorch is (see Scripts/portable).
let torchLinkPath: [LinkerSetting] = [.unsafeFlags(["-L", torchFolder])]
let isPortable = Context.environment["UNETRPP_PORTABLE"] != nil

let usesPkgConfig = Context.environment["PKG_CONFIG_PATH"] != nil

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: upcoming + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], torch: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
        swiftSettings: upcoming, linkerSettings: torch ? torchRunPath : [])
}

let package = Package(
    name: "unetr-plus-plus",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "UNETRPlusPlus", targets: ["Torch", "Layers", "Networks", "Volumes", "Preparation", "Training", "Inference", "Evaluation"]),
        .library(name: "Volumes", targets: ["Volumes"]),
        .library(name: "Evaluation", targets: ["Evaluation"]),
        .library(name: "Archives", targets: ["Archives"]),
        .library(name: "Preparation", targets: ["Preparation"]),
        .executable(name: "unetrpp", targets: ["unetrpp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        // Plain Swift: no libtorch.
        .systemLibrary(name: "CZlib", pkgConfig: nil, providers: [.apt(["zlib1g-dev"])]),
        library("Support", [.product(name: "Crypto", package: "swift-crypto")]),
        library("Archives", ["Support", "CZlib"]),
        library("Volumes", ["Support", "CZlib"]),
        library("Pictures", ["Support", "CZlib"]),
        library("Preparation", ["Support", "Archives", "Volumes"]),
        library("Augmentation", ["Support"]),
        library("Evaluation", ["Support", "Volumes", "Pictures"]),
        library("Graphs", ["Support", "Archives"]),
        .target(name: "COpenVINO", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),  // loads OpenVINO at run time
        library("OpenVINO", ["COpenVINO", "Support"]),
        .target(name: "CFullResolution"),

        // Needs libtorch.
        .systemLibrary(name: "CLibtorch", pkgConfig: usesPkgConfig ? "libtorch" : nil),
        .target(
            name: "CTorch", dependencies: ["CLibtorch"],
            cxxSettings: [
                .headerSearchPath("../../.libtorch/include"),
                .headerSearchPath("../../.libtorch/include/torch/csrc/api/include"),
            ],
            linkerSettings: [
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]),
        library("Torch", ["CTorch"]),
        library("Layers", ["Torch", "Support", "Archives"]),
        library("Networks", ["Layers", "Torch", "Graphs", "Support", "Archives"]),
        library("Inference", ["Networks", "Graphs", "OpenVINO", "CFullResolution", "Layers", "Torch", "Preparation", "Evaluation", "Volumes", "Support", "Archives"]),
        library("Training", ["Inference", "Networks", "Layers", "Torch", "Preparation", "Augmentation", "Evaluation", "Pictures", "Support", "Archives"]),
        .executableTarget(
            name: "unetrpp",
            dependencies: [
                "Torch", "Layers", "Networks", "Training", "Inference", "Evaluation", "Preparation", "Volumes", "Pictures",
                "Archives", "Augmentation", "Graphs", "OpenVINO", "Support",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: upcoming, linkerSettings: isPortable ? torchLinkPath : torchRunPath),

        // Optimised also in debug builds: the rule that makes the reference's weights runs over a hundred million values.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: upcoming + [.unsafeFlags(["-O"])]),
        .target(
            name: "NetworkTestSupport",
            dependencies: ["TestSupport", "Inference", "Networks", "Layers", "Torch", "Preparation", "Volumes", "Archives"],
            path: "Tests/NetworkTestSupport", swiftSettings: upcoming),
        tests("Support", []),
        tests("Archives", ["Support"]),
        tests("Volumes", ["Support"]),
        tests("Pictures", ["Support"]),
        tests("Preparation", ["Support", "Archives", "Volumes"]),
        tests("Augmentation", ["Support", "Archives"]),
        tests("Evaluation", ["Support", "Volumes", "Archives", "Pictures"]),
        tests("Graphs", ["Archives"]),
        tests("Torch", [], torch: true),
        tests("Layers", ["Torch", "Archives"], torch: true),
        tests("Networks", ["NetworkTestSupport", "Graphs", "Layers", "Torch", "Support", "Archives"], torch: true),
        .testTarget(
            name: "CommandTests", dependencies: [
                "unetrpp", "TestSupport", "NetworkTestSupport", "Volumes", "Training", "Inference", "Preparation", "Networks", "Layers", "Torch", "Archives", "Support",
            ],
            swiftSettings: upcoming, linkerSettings: torchRunPath),
        tests("Training", ["NetworkTestSupport", "Augmentation", "Inference", "Networks", "Layers", "Torch", "Preparation", "Volumes", "Support", "Archives"], torch: true),
        tests("Inference", ["OpenVINO", "Support", "NetworkTestSupport", "Networks", "Layers", "Torch", "Preparation", "Volumes", "Archives"], torch: true),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)

// With this variable the package is what stands above the line "needs libtorch", and its tests: see Scripts/sanitize.
if Context.environment["UNETRPP_WITHOUT_LIBTORCH"] != nil {
    func dependencies(_ target: Target) -> [String] {
        target.dependencies.compactMap { if case .byNameItem(let name, _) = $0 { name } else { nil } }
    }
    var needing: Set = ["CLibtorch"]
    while let more = package.targets.first(where: { !needing.contains($0.name) && !needing.isDisjoint(with: dependencies($0)) }) {
        needing.insert(more.name)
    }
    package.targets.removeAll { needing.contains($0.name) }
    package.products.removeAll { !["Volumes", "Evaluation"].contains($0.name) }
}
