import ArchitectureTestSupport
import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRSupport

/// The table of settings in `Documentation/Networks.md`.
struct DocumentedSettingTests {
    @Test func `The table has every field of every network, and no others`() throws {
        let page = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "Documentation/Networks.md")
        let text = try #require(try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n## Settings\n").last)
        func names(_ cell: Substring) -> [String] { cell.matches(of: /`([^`]+)`/).map { String($0.1) } }
        var listed: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|")
            for field in names(cells[0]) {
                let networks = cells[1].contains("all") ? NarrowNetworks.names : names(cells[1])
                for network in networks { listed[network, default: []].insert(field) }
            }
        }
        for architecture in Architectures.all {
            var network = NetworkDescription.usual(architecture, inputChannels: 1, classes: 2, patchSize: [32, 32, 32])
            // Left out where nothing is to be said.
            if var configuration = network.configuration as? UNETRPlusPlusConfiguration {
                configuration.normChannels = 2
                network = .unetrPlusPlus(configuration)
            }
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(network)) as? [String: Any]
            let fields = try #require(object?["configuration"] as? [String: Any])
            #expect(listed[architecture.rawValue] == Set(fields.keys), "\(architecture.rawValue)")
        }
        #expect(Set(listed.keys) == Set(Architectures.all.map(\.rawValue)))
    }
}
