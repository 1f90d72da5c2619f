import ArgumentParser
import Foundation
import UNETRModels

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Show, import and check models.", subcommands: [Show.self, Import.self, Verify.self, Seal.self, Profile.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare a model's files with the SHA-256 digests it lists.",
            discussion: """
                The list is the bundle's file SHA256SUMS, so `sha256sum -c SHA256SUMS` in its folder says the same. Plan and weights are also \
                compared whenever a model is used. The exit code is 1 if a file differs, is missing or cannot be read, or if the model \
                has no list because an older release made it.
                """)

        @Argument(help: "Model bundle.", completion: .directory) var model: String

        @Flag(help: "Print the result as JSON on standard output.") var json = false

        private struct Row: Encodable {
            var file: String
            /// Nil for a file that is what its digest says.
            var problem: String?
        }

        private struct Report: Encodable {
            var model: String
            var same: Bool
            var files: [Row]
            /// Files without a digest.
            var unlisted: [String]
        }

        func run() throws {
            let url = URL(fileURLWithPath: model)
            guard let found = try ModelBundle.verify(url) else {
                throw CommandError(
                    "\(url.path) has no \(BundleDigests.fileName), so nothing shows whether it is as it was made; if you trust it, "
                        + "`unetrpp model seal` writes one")
            }
            let problems = found.problems.mapValues(Self.words).sorted { $0.key < $1.key }
            if json {
                let files = found.same.map { Row(file: $0, problem: nil) } + problems.map { Row(file: $0.key, problem: $0.value) }
                print(
                    try JSONLine.encode(
                        Report(model: url.path, same: found.isSame, files: files.sorted { $0.file < $1.file }, unlisted: found.unlisted), pretty: true))
            } else if found.isSame {
                print("\(url.path): \(found.same.joined(separator: ", ")) are what their digests say")
            }
            for name in found.unlisted { EngineOptions.note("\(url.appending(path: name).path) is not listed, so nothing is known about it") }
            for (name, problem) in problems { EngineOptions.note("\(url.appending(path: name).path) \(problem)") }
            if !found.isSame { throw ExitCode.failure }
        }

        private static func words(_ problem: BundleVerification.Problem) -> String {
            switch problem {
            case .differs(let found, let expected): "differs from its digest: its SHA-256 is \(found), expected \(expected)"
            case .missing: "is missing"
            case .unreadable(let reason): reason
            }
        }
    }

    struct Seal: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the SHA-256 digests of a model's files as they are now.",
            discussion: "For a model that was changed by hand, or made by a release that listed none. The list is the bundle's file SHA256SUMS.")

        @Argument(help: "Model bundle.", completion: .directory) var model: String

        func run() throws {
            let url = URL(fileURLWithPath: model)
            let digests = try ModelBundle.seal(url)
            for (name, digest) in digests.files.sorted(by: { $0.key < $1.key }) { print("\(digest)  \(name)") }
        }
    }
}
