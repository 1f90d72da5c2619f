public import Foundation
public import UNETRPlanning
import UNETRSupport

extension TrainingProfile {
    package static let fileName = "profile.json"

    /// Reads a profile and checks every number of it.
    /// - Throws: `ProfileError`, `FileError`.
    public init(contentsOf url: URL, plan: Plan) throws {
        do { self = try JSONText.decode(from: InputFile.contents(of: url, most: 1 << 22)) } catch let error as JSONProblem {
            throw ProfileError.damaged(path: url.path, problem: error.sentence)
        }
        if let problem = problem(channels: plan.channelNames.count) { throw ProfileError.damaged(path: url.path, problem: problem) }
        guard preparation == plan.preparationDigest else { throw ProfileError.foreign(path: url.path) }
    }

    /// What is wrong with it for a model of so many channels; nil for nothing.
    func problem(channels: Int) -> String? {
        guard version == Self.version else { return "its version is \(version), expected \(Self.version)" }
        guard (1...1_000_000_000).contains(cases) else { return "cases is \(cases), expected 1 to 1000000000" }
        let expected = ScanFeature.all(channels: channels)
        guard features.map(\.feature) == expected.map(\.name) else {
            return
                "it has \(features.count) features, expected the \(expected.count) of a model of \(channels) channel\(channels == 1 ? "" : "s") in their order"
        }
        let largest = 1e12
        for (feature, spread) in zip(expected, features) {
            let numbers = [spread.median, spread.spread, spread.minimum, spread.maximum]
            guard numbers.allSatisfy({ abs($0) <= largest }), spread.spread > 0 else {
                return "the numbers of \"\(feature.name)\" are \(numbers), expected at most 1e12 and a spread above 0"
            }
            guard spread.minimum <= spread.median, spread.median <= spread.maximum, !feature.isRatio || spread.minimum >= 0 else {
                return "minimum, median and maximum of \"\(feature.name)\" are \(spread.minimum), \(spread.median), \(spread.maximum), expected them ascending"
                    + (feature.isRatio ? " from 0" : "")
            }
        }
        guard (limit == nil) == (falseAlarmRate == nil) else { return "limit and falseAlarmRate belong together, but only one is there" }
        guard limit.map({ (0...Self.farthest).contains($0) }) ?? true else { return "limit is \(limit!), expected 0 to \(Int(Self.farthest))" }
        guard falseAlarmRate.map({ (0...1).contains($0) }) ?? true else { return "falseAlarmRate is \(falseAlarmRate!), expected 0 to 1" }
        return nil
    }

    /// Writes the file, atomically.
    public func write(to url: URL) throws { try AtomicFile.write(JSONText.encode(self) + Data("\n".utf8), to: url) }
}

extension ModelBundle {
    /// What its training scans are like; nil for a bundle that does not say.
    /// - Throws: `ProfileError`; `BundleDigestError` if the file is not what its digest says; `FileError`.
    public func trainingProfile() throws -> TrainingProfile? {
        let file = url.appending(path: TrainingProfile.fileName)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        try digests?.check(TrainingProfile.fileName, in: url)
        return try TrainingProfile(contentsOf: file, plan: plan)
    }

    /// Writes the same bundle with another profile; weights and plan stay as they are, bit for bit, and the card says what the profile is.
    /// - Throws: `BundleDigestError` if a file is not what its digest says; `FileError`.
    public func copy(to target: URL, with profile: TrainingProfile) throws {
        _ = try state()
        let card = (try? InputFile.contents(of: url.appending(path: Self.cardFile), most: 1 << 24)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let text = Self.withoutProfileLine(card).trimmingCharacters(in: .newlines)
        try copy(to: target, changing: [TrainingProfile.fileName, Self.cardFile]) { folder in
            try profile.write(to: folder.appending(path: TrainingProfile.fileName))
            try AtomicFile.write(Data("\(text)\n\n\(Self.profileLine)\(profile.summary)\n".utf8), to: folder.appending(path: Self.cardFile))
        }
    }

    /// A card that says nothing about a profile.
    package static func withoutProfileLine(_ card: String) -> String {
        card.components(separatedBy: "\n").filter { !$0.hasPrefix(profileLine) }.joined(separator: "\n")
    }

    /// How the card's line about the profile begins.
    package static let profileLine = "Training profile (`\(TrainingProfile.fileName)`): "
}

/// Why a bundle's training profile cannot be used.
public enum ProfileError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file cannot be read, or says what cannot be.
    case damaged(path: String, problem: String)
    /// It was made for scans that are prepared in another way.
    case foreign(path: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .damaged(let path, let problem):
            "\(path) cannot be used: \(problem.hasSuffix(".") ? String(problem.dropLast()) : problem); measure the profile anew, or copy the model anew"
        case .foreign(let path):
            "\(path) belongs to a plan that prepares scans in another way than the plan beside it; measure the profile anew"
        }
    }
}
