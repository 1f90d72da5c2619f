// swift-tools-version: 6.2
import PackageDescription

// The list of targets is the architecture: a target may use only what stands above it here.
// Below the line "needs libtorch", nothing but UNETRTorch talks to CTorch, and nothing but CTorchOperations and CDistributed talk to libtorch.
//
// `make setup` puts libtorch at `.libtorch/include` and `.libtorch/lib` (links to wherever it is installed), which is where the
// targets of this package look, so that plain `swift build` and `swift test` work. A package that depends on this one has no such
// folder: it sets PKG_CONFIG_PATH to the folder of a `libtorch.pc`, and the flags come from there. Library products carry no unsafe flags.

let upcoming: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Where the linker and the loader find libtorch, and the loader what `make codecs` fetched. Only for what is linked into a program here: the executable
/// and the tests.
let torchFolder = "\(Context.packageDirectory)/.libtorch/lib"
let torchRunPath: [LinkerSetting] = [
    .unsafeFlags([
        "-L", torchFolder, "-Xlinker", "-rpath", "-Xlinker", torchFolder, "-Xlinker", "-rpath", "-Xlinker", "\(Context.packageDirectory)/.libtorch/codecs",
    ])
]

/// The same without the run path, for a program that is told by its launcher where libtorch is (see Scripts/portable).
let torchLinkPath: [LinkerSetting] = [.unsafeFlags(["-L", torchFolder])]
let isPortable = Context.environment["UNETRPP_PORTABLE"] != nil

let usesPkgConfig = Context.environment["PKG_CONFIG_PATH"] != nil

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: upcoming + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], torch: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies + (torch ? ["CTorchOperations", "CDistributed"] : []),
        swiftSettings: upcoming, linkerSettings: torch ? torchRunPath : [])
}

let package = Package(
    name: "unetr-plus-plus",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "UNETRPlusPlus", targets: ["UNETRPlusPlus"]),
        .library(name: "UNETRSupport", targets: ["UNETRSupport"]),
        .library(name: "UNETRVolumes", targets: ["UNETRVolumes"]),
        .library(name: "UNETREvaluation", targets: ["UNETREvaluation"]),
        .library(name: "UNETRArchives", targets: ["UNETRArchives"]),
        .library(name: "UNETRPlanning", targets: ["UNETRPlanning"]),
        .library(name: "UNETRPreparation", targets: ["UNETRPreparation"]),
        .library(name: "UNETRInference", targets: ["UNETRInference"]),
        .library(name: "UNETRWork", targets: ["UNETRWork"]),
        .executable(name: "unetrpp", targets: ["unetrpp"]),
        .library(name: "unetrpp-torch", type: .dynamic, targets: ["CTorchLoadable"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Plain Swift: no libtorch.
        .systemLibrary(name: "CZlib", pkgConfig: nil, providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CSHA256"),
        library("UNETRSupport", ["CSHA256"]),
        library("UNETRArchives", ["UNETRSupport", "CZlib"]),
        .target(name: "CImageCodecs", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),  // loads its libraries at run time
        library("UNETRVolumes", ["UNETRArchives", "UNETRSupport", "CImageCodecs", "CZlib"]),
        library("UNETRWork", ["UNETRVolumes", "UNETRSupport"]),
        library("UNETRPictures", ["UNETRSupport", "CZlib"]),
        library("UNETRAugmentation", ["UNETRSupport"]),
        library("UNETREvaluation", ["UNETRPictures", "UNETRVolumes", "UNETRSupport"]),
        library("UNETRGraphs", ["UNETRArchives", "UNETRSupport"]),
        library("UNETRArchitectures", ["UNETRGraphs", "UNETRArchives", "UNETRSupport"]),
        library("UNETRPlanning", ["UNETRArchitectures", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        library("UNETRPreparation", ["UNETRPlanning", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        .target(name: "COpenVINO", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),  // loads OpenVINO at run time
        library("UNETROpenVINO", ["COpenVINO"]),
        .target(name: "CFullResolution"),
        .target(name: "CWindows", cxxSettings: [.headerSearchPath(".")]),
        library("UNETRModels", ["UNETRPlanning", "UNETRArchitectures", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        library(
            "UNETREngines",
            [
                "UNETRModels", "UNETROpenVINO", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRGraphs", "UNETRVolumes", "UNETRArchives",
                "UNETRSupport", "CFullResolution", "CWindows",
            ]),
        library("UNETRInference", ["UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRVolumes", "UNETRSupport"]),
        library(
            "UNETRWorker",
            [
                "UNETRInference", "UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRWork", "UNETRVolumes",
                "UNETRSupport",
            ]),
        library(
            "UNETRQuantization",
            [
                "UNETRInference", "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRGraphs",
                "UNETREvaluation", "UNETRVolumes", "UNETRSupport",
            ]),

        // Needs libtorch. Programs here load it, with CTorchOperations, when they first call it; an app that uses the library links both.
        .target(name: "CTorch", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .systemLibrary(name: "CLibtorch", pkgConfig: usesPkgConfig ? "libtorch" : nil),
        .target(
            // Does not depend on CTorch, whose entries it replaces; they share the header.
            name: "CTorchOperations", dependencies: ["CLibtorch", "CWindows"],
            cxxSettings: [
                .headerSearchPath("."),
                .headerSearchPath("../CTorch/include"),
                .headerSearchPath("../../.libtorch/include"),
                .headerSearchPath("../../.libtorch/include/torch/csrc/api/include"),
            ],
            linkerSettings: [
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]),
        // Several processes by libtorch's c10d, whose headers need names of gloo's that libtorch does not ship. Shares headers with CTorch and CTorchOperations.
        .target(
            name: "CDistributed", dependencies: ["CLibtorch"],
            exclude: ["nccl"],  // for GPUs: Scripts/build-nccl
            cxxSettings: [
                .define("USE_C10D_GLOO"),
                .headerSearchPath("."),
                .headerSearchPath("gloo-declarations"),
                .headerSearchPath("../CTorchOperations"),
                .headerSearchPath("../CTorch/include"),
                .headerSearchPath("../../.libtorch/include"),
                .headerSearchPath("../../.libtorch/include/torch/csrc/api/include"),
            ]),
        // What libunetrpp-torch consists of: these operations, and where its linker finds libtorch.
        .target(
            name: "CTorchLoadable", dependencies: ["CTorchOperations", "CDistributed"],
            // It calls nothing of Swift's library, which other machines may not have.
            linkerSettings: torchLinkPath + [.unsafeFlags(["-nostartfiles", "-static-stdlib"], .when(platforms: [.linux]))]),
        library("UNETRTorch", ["CTorch"]),
        library("UNETRLayers", ["UNETRTorch", "UNETRArchives"]),
        library("UNETRNetworks", ["UNETRLayers", "UNETRTorch", "UNETRArchitectures", "UNETRArchives", "UNETRSupport"]),
        library(
            "UNETRTorchEngine",
            [
                "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures",
                "UNETRSupport",
            ]),
        library(
            "UNETRTraining",
            [
                "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRInference", "UNETREngines", "UNETRModels", "UNETRPreparation",
                "UNETRPlanning", "UNETRArchitectures", "UNETREvaluation", "UNETRAugmentation", "UNETRPictures", "UNETRVolumes", "UNETRArchives", "UNETRSupport",
            ]),
        library(
            "UNETRWorkflows",
            [
                "UNETRTraining", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRInference", "UNETREngines", "UNETRModels",
                "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETREvaluation", "UNETRPictures", "UNETRWork", "UNETRVolumes", "UNETRArchives",
                "UNETRSupport", .product(name: "Logging", package: "swift-log"),
            ]),
        // What an app imports: the modules above under one name, and the documentation.
        library(
            "UNETRPlusPlus",
            [
                "UNETRWorkflows", "UNETRTraining", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRQuantization", "UNETRInference",
                "UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETREvaluation", "UNETRVolumes", "UNETRArchives",
                "UNETRSupport", "CTorchOperations", "CDistributed",
            ]),
        .executableTarget(
            name: "unetrpp",
            dependencies: [
                "UNETRWorkflows", "UNETRTraining", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRQuantization", "UNETRInference",
                "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRGraphs", "UNETREvaluation",
                "UNETRAugmentation", "UNETRPictures", "UNETRWorker", "UNETRVolumes", "UNETRArchives", "UNETRSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"), .product(name: "Logging", package: "swift-log"),
                .target(name: "CTorchOperations", condition: .when(platforms: [.macOS])), .target(name: "CDistributed", condition: .when(platforms: [.macOS])),
            ],
            // The commands have no loop that takes time, and the optimizer needs half a minute for them.
            swiftSettings: upcoming + [.unsafeFlags(["-Onone"], .when(configuration: .release))], linkerSettings: isPortable ? torchLinkPath : torchRunPath),

        // Optimized also in debug builds: the rule that makes the reference's weights runs over a hundred million values.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: upcoming + [.unsafeFlags(["-O"])]),
        .target(
            name: "ArchitectureTestSupport", dependencies: ["UNETRArchitectures", "UNETRSupport"], path: "Tests/ArchitectureTestSupport",
            swiftSettings: upcoming),
        .target(
            name: "NetworkTestSupport",
            dependencies: [
                "TestSupport", "UNETRTraining", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRInference", "UNETREngines",
                "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRVolumes", "UNETRArchives", "UNETRSupport",
            ],
            path: "Tests/NetworkTestSupport", swiftSettings: upcoming),
        tests("UNETRSupport", ["CSHA256"]),
        tests("UNETRArchives", ["UNETRSupport"]),
        tests("UNETRVolumes", ["UNETRArchives", "UNETRSupport", "CZlib"]),
        tests("UNETRWork", ["UNETRVolumes"]),
        tests("UNETRPictures", ["UNETRSupport", "CZlib"]),
        tests("UNETRArchitectures", ["ArchitectureTestSupport", "UNETRGraphs", "UNETRArchives", "UNETRSupport"]),
        tests("UNETRPlanning", ["UNETRArchitectures", "UNETRVolumes", "UNETRSupport"]),
        tests("UNETRPreparation", ["UNETRPlanning", "UNETRArchitectures", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        tests("UNETRAugmentation", ["UNETRArchives", "UNETRSupport"]),
        tests("UNETREvaluation", ["UNETRPictures", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        tests("UNETRGraphs", ["UNETRArchives"]),
        tests("UNETRModels", ["UNETRPlanning", "UNETRArchitectures", "UNETRVolumes", "UNETRArchives", "UNETRSupport"]),
        tests("UNETREngines", ["UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRSupport", "CWindows"]),
        tests(
            "UNETRInference",
            [
                "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRVolumes", "UNETRArchives",
                "UNETRSupport",
            ]),
        tests("UNETRTorch", ["CTorch"], torch: true),
        tests("UNETRLayers", ["UNETRTorch", "UNETRArchives"], torch: true),
        tests(
            "UNETRNetworks",
            [
                "NetworkTestSupport", "UNETRLayers", "UNETRTorch", "UNETRArchitectures", "UNETRGraphs", "UNETRArchives", "UNETRSupport",
                "ArchitectureTestSupport",
            ],
            torch: true),
        tests(
            "UNETRWorkflows",
            [
                "NetworkTestSupport", "UNETRTraining", "UNETRTorchEngine", "UNETRTorch", "UNETRInference", "UNETREngines", "UNETRModels", "UNETRPreparation",
                "UNETRPlanning", "UNETRArchitectures", "UNETREvaluation", "UNETRWorker", "UNETRWork", "UNETRVolumes", "UNETRArchives", "UNETRSupport",
                .product(name: "Logging", package: "swift-log"),
            ], torch: true),
        tests("UNETRPlusPlus", ["NetworkTestSupport"], torch: true),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "NetworkTestSupport", "TestSupport", "UNETRTraining", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRInference",
                "UNETRWorkflows", "UNETREngines", "UNETRModels", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETREvaluation",
                "UNETRPictures", "UNETRWork", "UNETRVolumes", "UNETRArchives", "UNETRSupport", "ArchitectureTestSupport", "unetrpp", "CTorchOperations",
                "CDistributed",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: upcoming, linkerSettings: torchRunPath),
        tests(
            "UNETRTraining",
            [
                "NetworkTestSupport", "ArchitectureTestSupport", "UNETRTorchEngine", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRInference",
                "UNETRModels",
                "UNETRPreparation", "UNETRPlanning",
                "UNETRArchitectures", "UNETRAugmentation", "UNETRPictures", "UNETRVolumes", "UNETRArchives", "UNETRSupport",
            ], torch: true),
        tests(
            "UNETRTorchEngine",
            [
                "NetworkTestSupport", "ArchitectureTestSupport", "UNETRNetworks", "UNETRLayers", "UNETRTorch", "UNETRQuantization", "UNETRInference",
                "UNETREngines", "UNETRModels", "UNETROpenVINO", "UNETRPreparation", "UNETRPlanning", "UNETRArchitectures", "UNETRGraphs", "UNETRVolumes",
                "UNETRArchives", "UNETRSupport",
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
    var needing: Set = ["CTorch", "CLibtorch"]
    while let more = package.targets.first(where: { !needing.contains($0.name) && !needing.isDisjoint(with: dependencies($0)) }) {
        needing.insert(more.name)
    }
    package.targets.removeAll { needing.contains($0.name) }
    package.products.removeAll { !["UNETRVolumes", "UNETREvaluation", "UNETRInference", "UNETRWork"].contains($0.name) }
}

// The documentation's compiler, for Scripts/documentation alone.
if Context.environment["UNETRPP_DOCUMENTATION"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"))
}
