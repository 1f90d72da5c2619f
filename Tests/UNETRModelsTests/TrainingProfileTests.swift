import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRModels

/// What training scans are like, how far from them a scan may lie, and the file that says so.
struct TrainingProfileTests {
    /// A scan of 1 mm, with the extent along z and the roughness that are given.
    private static func scan(z: Double = 1, extent: Double = 100, roughness: Double = 0.2, shift: Double = 0) -> ScanProfile {
        ScanProfile(
            spacing: [1, 1, z], extent: [100, 100, extent],
            intensities: [[-1 + shift, -0.5 + shift, 0 + shift, 0.5 + shift, 1 + shift, roughness]])
    }

    /// Scans that vary by a fixed rule.
    private static func scans(_ count: Int) -> [ScanProfile] {
        let rule = ParityRule("profiles")
        return (0..<count).map {
            scan(extent: 90 + 20 * Double(rule.unit($0)), roughness: 0.2 + 0.1 * Double(rule.unit(1000 + $0)), shift: 0.1 * Double(rule.unit(2000 + $0)))
        }
    }

    @Test func `The median, the spread and the extremes of a feature are those computed by hand`() throws {
        // Extents e^0, e^0.1 … e^1: the logarithms have the median 0.5, the 5th percentile 0.05 and the 95th 0.95.
        let scans = (0...10).map { Self.scan(extent: exp(Double($0) / 10)) }
        let profile = TrainingProfile(of: scans, preparation: "p")
        #expect(profile.features.map(\.feature) == ScanFeature.all(channels: 1).map(\.name) && profile.features.count == 12)
        let extent = profile.features[5]
        #expect(extent.feature == "extent feet-head")
        #expect(abs(extent.median - exp(0.5)) < 1e-12 && extent.minimum == 1 && abs(extent.maximum - exp(1)) < 1e-12)
        #expect(abs(extent.spread - 0.9 / 3.29) < 1e-12)
        // All alike: 2 percent of a size, and of the range from the 5th percentile (−1) to the 95th (1).
        #expect(profile.features[2].spread == 0.02 && profile.features[7].spread == 0.04)
        // A spacing 10 percent larger is ln 1.1 / 0.02 spreads away.
        let distance = try #require(profile.distance(of: Self.scan(z: 1.1, extent: exp(0.5)), channels: ["MRI"]))
        #expect(abs(distance.value - log(1.1) / 0.02) < 1e-12 && distance.feature == "spacing feet-head")
    }

    @Test(arguments: [10, 49, 120, 200]) func `The limit is that of leaving out one case after the other, by brute force`(count: Int) throws {
        let scans = Self.scans(count)
        func distance(_ scan: ScanProfile, from others: [ScanProfile]) -> Double {
            let features = ScanFeature.all(channels: 1)
            func percentile(_ percent: Double, _ index: Int) -> Double {
                Percentile.of(sorted: others.map { features[index].scaled($0.values[index]) }.sorted(), percent)
            }
            return features.indices.map { index in
                let least = index < 6 || index == 11 ? 0.02 : 0.02 * (percentile(50, 10) - percentile(50, 6))
                let spread = max(least, (percentile(95, index) - percentile(5, index)) / 3.29)
                return abs(features[index].scaled(scan.values[index]) - percentile(50, index)) / spread
            }.max()!
        }
        let distances = scans.indices.map { left in distance(scans[left], from: scans.indices.filter { $0 != left }.map { scans[$0] }) }.sorted()
        // 2 percent of 201 cases are 4, of 121 are 2: the limit leaves 3 and 1 beyond it. With fewer none.
        let beyond = [10: 0, 49: 0, 120: 1, 200: 3][count]!
        let profile = TrainingProfile(of: scans, preparation: "p")
        #expect(abs(try #require(profile.limit) - distances[count - 1 - beyond]) < 1e-9)
        #expect(profile.falseAlarmRate == Double(beyond + 1) / Double(count + 1))
    }

    @Test func `Fewer than ten cases give no limit, and say so`() {
        let profile = TrainingProfile(of: Self.scans(9), preparation: "p")
        #expect(profile.limit == nil && profile.falseAlarmRate == nil)
        #expect(profile.distance(of: Self.scan(z: 5), channels: ["MRI"]) == nil)
        #expect(profile.summary == "9 training scans, of which 10 are needed to warn of scans unlike them")
    }

    @Test func `A warning names the feature, its value and that of the training scans`() throws {
        let profile = TrainingProfile(of: Self.scans(40), preparation: "p")
        func warning(_ scan: ScanProfile, _ channels: [String] = ["MRI"]) -> String? { profile.distance(of: scan, channels: channels)?.warning }
        #expect(warning(Self.scan(extent: 100, roughness: 0.25, shift: 0.05)) == nil)
        #expect(
            warning(Self.scan(z: 5))
                == "the scan lies outside what the model was trained on: its voxels are 5 mm apart from feet to head (training scans: 1 mm); check its mask with care"
        )
        #expect(try #require(warning(Self.scan(extent: 20))).contains("it covers 20 mm from feet to head (training scans: 9"))
        #expect(
            try #require(warning(Self.scan(roughness: 3))).contains(
                "neighboring voxels differ by 3 of its standard deviation, as with noise (training scans: 0.2"))
        #expect(try #require(warning(Self.scan(roughness: 0.001))).contains("as with blur"))
        #expect(try #require(warning(Self.scan(shift: 9))).contains("th percentile of its normalized intensities is "))
        let farthest = profile.distance(of: Self.scan(shift: .nan), channels: ["MRI"])
        #expect(farthest?.value == 1e6 && farthest?.warning != nil)
    }

    @Test func `Of equal scans the held-out ones get no warning, and one more that differs gets one`() {
        let equal = [ScanProfile](repeating: Self.scan(), count: 20)
        #expect(TrainingProfile.warnings(of: equal, parts: 5) == 0)
        // Of twelve some parts leave nine.
        #expect(TrainingProfile.warnings(of: Array(equal.prefix(12)), parts: 5) == nil)
        #expect(TrainingProfile.warnings(of: equal + [Self.scan(z: 2)], parts: 5) == 1)
    }

    private static func bundle(in folder: URL, profile: TrainingProfile?) throws -> ModelBundle {
        let state = try StateDictionary([("w", StoredArray([Float(1), 2], shape: [2]))])
        return try ModelBundle.write(plan: plan(), state: state, card: "# Test\n", profile: profile, to: folder.appending(path: "m.unetrpp"))
    }

    private static func plan() throws -> Plan {
        try ModelExportTests.plan(labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 1)]))
    }

    /// A profile that fits the plan.
    private static func profile(_ count: Int = 12) throws -> TrainingProfile {
        let plan = try plan(), channels = plan.channelNames.count
        let scans = (0..<count).map { number in
            ScanProfile(
                spacing: [1, 1, 2], extent: [90, 80, 70 + Double(number)],
                intensities: (0..<channels).map { _ in [-1, -0.5, 0, 0.5, 1, 0.3] })
        }
        return TrainingProfile(of: scans, preparation: plan.preparationDigest)
    }

    @Test func `A bundle keeps its profile, lists its digest, and refuses one that was changed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let profile = try Self.profile(), bundle = try Self.bundle(in: folder, profile: profile)
            #expect(try bundle.trainingProfile() == profile)
            #expect(try ModelBundle.verify(bundle.url)?.same == ["card.md", "model.safetensors", "plan.json", "profile.json"])
            let copy = folder.appending(path: "copy.unetrpp"), file = bundle.url.appending(path: "profile.json")
            try bundle.copy(to: copy)
            #expect(try ModelBundle(contentsOf: copy).trainingProfile() == profile)
            try Data("{}".utf8).write(to: file)
            #expect(throws: BundleDigestError.self) { try ModelBundle(contentsOf: bundle.url).trainingProfile() }
        }
    }

    @Test func `A bundle without a profile is as before, and gets one with its weights bit for bit`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let old = try Self.bundle(in: folder, profile: nil), new = folder.appending(path: "new.unetrpp")
            #expect(try old.trainingProfile() == nil)
            for profile in [try Self.profile(5), try Self.profile()] {
                try old.copy(to: new, with: profile)
                let found = try ModelBundle(contentsOf: new)
                #expect(try found.trainingProfile() == profile && ModelBundle.verify(new)?.isSame == true)
                #expect(try found.weightsDigest() == old.weightsDigest())
                let card = try String(contentsOf: new.appending(path: "card.md"), encoding: .utf8)
                #expect(card == "# Test\n\nTraining profile (`profile.json`): \(profile.summary)\n")
                // Again: the line is replaced.
                try found.copy(to: new, with: profile)
                #expect(try String(contentsOf: new.appending(path: "card.md"), encoding: .utf8) == card)
            }
        }
    }

    @Test func `What cannot be in a profile is refused with the file and what is wrong`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "profile.json"), plan = try Self.plan(), good = try Self.profile()
            func refusal(_ text: String) throws -> String {
                try Data(text.utf8).write(to: file)
                let error = try #require(throws: ProfileError.self) { try TrainingProfile(contentsOf: file, plan: plan) }
                #expect(error.description.contains(file.path))
                return error.description
            }
            func refusal(_ change: (inout TrainingProfile) -> Void) throws -> String {
                var profile = good
                change(&profile)
                return try refusal(String(decoding: JSONText.encode(profile), as: UTF8.self))
            }
            try good.write(to: file)
            #expect(try TrainingProfile(contentsOf: file, plan: plan) == good)
            let text = String(decoding: try JSONText.encode(good), as: UTF8.self)
            #expect(try refusal(text.replacingOccurrences(of: "\"median\" : 2,", with: "\"median\" : NaN,")).contains("is not JSON"))
            #expect(try refusal(text.replacingOccurrences(of: "\"median\" : 2,", with: "\"median\" : 1e999,")).contains("median"))
            #expect(try refusal("{").contains("is not JSON"))
            #expect(try refusal(text.replacingOccurrences(of: "\"cases\" : 12", with: "\"cases\" : 1e40")).contains("cases"))
            #expect(try refusal { $0.version = 2 }.contains("its version is 2, expected 1"))
            #expect(try refusal { $0.cases = -1 }.contains("cases is -1"))
            #expect(try refusal { $0.features.removeLast() }.contains("features, expected the"))
            #expect(try refusal { $0.features.swapAt(0, 1) }.contains("in their order"))
            #expect(try refusal { $0.features[0].median = 1e13 }.contains("the numbers of \"spacing left-right\""))
            #expect(try refusal { $0.features[0].spread = 0 }.contains("a spread above 0"))
            #expect(try refusal { $0.features[2].minimum = 3 }.contains("expected them ascending"))
            #expect(try refusal { $0.features[2].minimum = -1 }.contains("ascending from 0"))
            #expect(try refusal { $0.limit = nil }.contains("belong together"))
            #expect(try refusal { $0.limit = -1 }.contains("limit is -1.0"))
            #expect(try refusal { $0.falseAlarmRate = 2 }.contains("falseAlarmRate is 2.0"))
            #expect(try refusal { $0.preparation = "other" }.contains("prepares scans in another way"))
        }
    }
}
