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
        .library(name: "UNETRPlusPlus", targets: ["UNETRPlusPlus"]),
        .library(name: "UNETRVolumes", targets: ["UNETRVolumes"]),
        .library(name: "UNETREvaluation", targets: ["UNETREvaluation"]),
        .library(name: "UNETRArchives", targets: ["UNETRArchives"]),
        .library(name: "UNETRPreparation", targets: ["UNETRPreparation"]),
        .library(name: "UNETRInference", targets: ["UNETRInference"]),
        .executable(name: "unetrpp", targets: ["unetrpp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Plain Swift: no libtorch.
        .systemLibrary(name: "CZlib", pkgConfig: nil, providers: [.apt(["zlib1g-dev"])]),
        library("UNETRSupport", [.product(name: "Crypto", package: "swift-crypto")]),
        library("UNETRArchives", ["UNETRSupport", "CZlib"]),
        library("UNETRVolumes", ["UNETRSupport", "CZlib"]),
        library("UNETRPictures", ["UNETRSupport", "CZlib"]),
        library("UNETRPreparation", ["UNETRSupport", "UNETRArchives", "UNETRVolumes"]),
        library("UNETRAugmentation", ["UNETRSupport"]),
        library("UNETREvaluation", ["UNETRSupport", "UNETRVolumes", "UNETRPictures"]),
        library("UNETRGraphs", ["UNETRSupport", "UNETRArchives"]),
        library("UNETRArchitectures", ["UNETRGraphs", "UNETRSupport", "UNETRArchives"]),
        .target(name: "COpenVINO", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),  // loads OpenVINO at run time
        library("UNETROpenVINO", ["COpenVINO"]),
        .target(name: "CFullResolution"),
        .target(name: "CWindows", cxxSettings: [.headerSearchPath(".")]),
        library("UNETRModels", ["UNETRVolumes", "UNETRArchitectures", "UNETRPreparation", "UNETRSupport", "UNETRArchives"]),
        library(
            "UNETREngines",
            [
                "UNETRVolumes", "UNETRModels", "UNETROpenVINO", "UNETRArchitectures", "UNETRPreparation", "UNETRGraphs", "UNETRSupport", "UNETRArchives",
                "CFullResolution", "CWindows",
            ]),
        library("UNETRInference", ["UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRVolumes", "UNETRSupport"]),
        library(
            "UNETRQuantization",
            [
                "UNETRInference", "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRArchitectures", "UNETRGraphs", "UNETREvaluation",
                "UNETRPreparation", "UNETRVolumes", "UNETRSupport",
            ]),

        // Needs libtorch.
        .systemLibrary(name: "CLibtorch", pkgConfig: usesPkgConfig ? "libtorch" : nil),
        .target(
            name: "CTorch", dependencies: ["CLibtorch", "CWindows"],
            cxxSettings: [
                .headerSearchPath("."),
                .headerSearchPath("../../.libtorch/include"),
                .headerSearchPath("../../.libtorch/include/torch/csrc/api/include"),
            ],
            linkerSettings: [
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]),
        library("UNETRTorch", ["CTorch"]),
        library("UNETRLayers", ["UNETRTorch", "UNETRArchives"]),
        library("UNETRNetworks", ["UNETRArchitectures", "UNETRLayers", "UNETRTorch", "UNETRArchives"]),
        library(
            "UNETRTorchEngine",
            [
                "UNETREngines", "UNETRModels", "UNETRArchitectures", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRPreparation", "UNETRSupport",
            ]),
        library(
            "UNETRTraining",
            [
                "UNETRTorchEngine", "UNETREngines", "UNETRModels", "UNETRInference", "UNETRArchitectures", "UNETRNetworks", "UNETRLayers", "UNETRTorch",
                "UNETRPreparation", "UNETRAugmentation",
                "UNETREvaluation", "UNETRPictures", "UNETRVolumes", "UNETRSupport", "UNETRArchives",
            ]),
        library(
            "UNETRWorkflows",
            [
                "UNETRTraining", "UNETRTorchEngine", "UNETRInference", "UNETREngines", "UNETRModels", "UNETRArchitectures", "UNETRTorch",
                "UNETRPreparation", "UNETRVolumes", "UNETRSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        // What an app imports: the modules above under one name, and the documentation.
        library(
            "UNETRPlusPlus",
            [
                "UNETRTorchEngine", "UNETREngines", "UNETRModels", "UNETRQuantization", "UNETRArchitectures", "UNETRArchives", "UNETREvaluation",
                "UNETRInference", "UNETRLayers", "UNETRNetworks", "UNETRPreparation",
                "UNETRTorch", "UNETRTraining", "UNETRVolumes", "UNETRWorkflows",
            ]),
        .executableTarget(
            name: "unetrpp",
            dependencies: [
                "UNETRTorchEngine", "UNETREngines", "UNETRModels", "UNETRQuantization", "UNETRWorkflows", "UNETRTorch", "UNETRLayers", "UNETRArchitectures",
                "UNETRNetworks", "UNETRTraining", "UNETRInference", "UNETREvaluation",
                "UNETRPreparation",
                "UNETRVolumes",
                "UNETRPictures",
                "UNETRArchives", "UNETRAugmentation", "UNETRGraphs", "UNETROpenVINO", "UNETRSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: upcoming, linkerSettings: isPortable ? torchLinkPath : torchRunPath),

        // Optimized also in debug builds: the rule that makes the reference's weights runs over a hundred million values.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: upcoming + [.unsafeFlags(["-O"])]),
        .target(
            name: "NetworkTestSupport",
            dependencies: [
                "TestSupport", "UNETRTorchEngine", "UNETRInference", "UNETREngines", "UNETRModels", "UNETRArchitectures", "UNETRNetworks", "UNETRLayers",
                "UNETRTorch", "UNETRPreparation", "UNETRVolumes",
                "UNETRArchives",
            ],
            path: "Tests/NetworkTestSupport", swiftSettings: upcoming),
        tests("UNETRSupport", []),
        tests("UNETRArchives", ["UNETRSupport"]),
        tests("UNETRVolumes", ["CZlib", "UNETRSupport"]),
        tests("UNETRPictures", ["UNETRSupport"]),
        tests("UNETRPreparation", ["UNETRSupport", "UNETRArchives", "UNETRVolumes"]),
        tests("UNETRAugmentation", ["UNETRSupport", "UNETRArchives"]),
        tests("UNETREvaluation", ["UNETRVolumes", "UNETRArchives", "UNETRPictures"]),
        tests("UNETRGraphs", ["UNETRArchives"]),
        tests("UNETREngines", ["UNETRModels", "UNETRArchitectures", "CWindows", "UNETRPreparation"]),
        tests("UNETRInference", ["UNETROpenVINO", "UNETRModels", "UNETREngines", "UNETRPreparation", "UNETRVolumes"]),
        tests("UNETRTorch", [], torch: true),
        tests("UNETRLayers", ["UNETRTorch", "UNETRArchives"], torch: true),
        tests(
            "UNETRNetworks", ["NetworkTestSupport", "UNETRArchitectures", "UNETRGraphs", "UNETRLayers", "UNETRTorch", "UNETRSupport", "UNETRArchives"],
            torch: true),
        tests(
            "UNETRWorkflows",
            [
                "UNETRTorchEngine", "NetworkTestSupport", "UNETRTraining", "UNETRInference", "UNETRModels", "UNETRArchitectures",
                "UNETRPreparation", "UNETRVolumes",
                "UNETRSupport",
                .product(name: "Logging", package: "swift-log"),
            ], torch: true),
        tests("UNETRPlusPlus", ["NetworkTestSupport"], torch: true),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "unetrpp", "TestSupport", "NetworkTestSupport", "UNETRVolumes", "UNETRTraining", "UNETRTorchEngine", "UNETREngines", "UNETRModels",
                "UNETRPreparation", "UNETRArchitectures",
                "UNETRNetworks",
                "UNETRLayers", "UNETRTorch", "UNETRArchives", "UNETRSupport",
            ],
            swiftSettings: upcoming, linkerSettings: torchRunPath),
        tests(
            "UNETRTraining",
            [
                "UNETRTorchEngine", "NetworkTestSupport", "UNETRAugmentation", "UNETRModels", "UNETRArchitectures", "UNETRNetworks", "UNETRLayers",
                "UNETRTorch",
                "UNETRPreparation", "UNETRVolumes",
                "UNETRSupport", "UNETRArchives",
            ], torch: true),
        tests(
            "UNETRTorchEngine",
            [
                "UNETRQuantization", "UNETRInference", "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRSupport", "NetworkTestSupport",
                "UNETRArchitectures", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRPreparation",
                "UNETRVolumes",
                "UNETRArchives",
            ], torch: true),
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
    package.products.removeAll { !["UNETRVolumes", "UNETREvaluation", "UNETRInference"].contains($0.name) }
}

// The documentation's compiler, for Scripts/documentation alone.
if Context.environment["UNETRPP_DOCUMENTATION"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"))
}
