import ArgumentParser
import Foundation
import UNETRSupport
import UNETRWorkflows

/// Whether a command replaces what is there.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Replace existing outputs.") var force = false

    var rule: OutputRule { OutputRule(replaces: force) }

    func check(file url: URL) throws { try rule.check(file: url) }
    func check(bundle url: URL) throws { try rule.check(bundle: url) }
    func check(model url: URL, files: [String]) throws { try rule.check(model: url, files: files) }
    func check(folder url: URL) throws { try rule.check(folder: url) }

    static func checkWritable(_ folder: URL) throws { try OutputRule().check(folder: folder) }
}
