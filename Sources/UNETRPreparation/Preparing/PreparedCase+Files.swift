public import Foundation
public import UNETRArchives
public import UNETRPlanning
import UNETRSupport
import UNETRVolumes

extension PreparedCase {
    /// The files of a prepared case in a folder: `NAME.safetensors` (arrays) and `NAME.json` (properties).
    public static func urls(of name: String, in folder: URL) -> (arrays: URL, properties: URL) {
        (folder.appendingPathComponent("\(name).safetensors"), folder.appendingPathComponent("\(name).json"))
    }

    /// Writes both files, each atomically; the properties last, so that their presence means a complete case.
    ///
    /// Arrays: `image` float32 [C, D, H, W]; `labels` int16 [D, H, W] where there are any; `foreground.V` int32 for each label value V.
    public func write(to folder: URL) throws {
        let urls = Self.urls(of: properties.name, in: folder)
        var arrays: [(name: String, array: StoredArray)] = [
            ("image", StoredArray(image, shape: [properties.channels] + properties.size))
        ]
        if let labels { arrays.append(("labels", StoredArray(labels, shape: Array(properties.size)))) }
        for (value, voxels) in foreground.voxels.sorted(by: { $0.key < $1.key }) {
            arrays.append(("foreground.\(value)", StoredArray(voxels, shape: [voxels.count])))
        }
        // An old description must not vouch for new arrays that a killed run left half way.
        if !FaultInjection.strikes(.remove, urls.properties.path) { try? FileManager.default.removeItem(at: urls.properties) }
        try Safetensors.write(arrays, to: urls.arrays)
        try AtomicFile.write(JSONText.encode(properties), to: urls.properties)
    }

    /// True when the folder holds the complete case, made with the same settings.
    public static func isComplete(_ name: String, in folder: URL, plan: Plan) -> Bool {
        let urls = urls(of: name, in: folder)
        guard FileManager.default.fileExists(atPath: urls.arrays.path), let stored = try? CaseProperties(contentsOf: urls.properties)
        else { return false }
        return stored.planDigest == plan.preparationDigest && stored.name == name
    }

    /// Reads a case whole.
    /// - Throws: `PreparationError.brokenCase` or the errors of the file forms.
    public init(named name: String, in folder: URL) throws {
        let file = try PreparedCaseFile(named: name, in: folder)
        self.init(
            properties: file.properties, image: file.image.floats(), labels: file.labels.map { $0.ints().map { Int16(clamping: $0) } },
            foreground: try file.foreground())
    }
}

extension CaseProperties {
    /// Reads and checks `CASE.json`.
    public init(contentsOf url: URL) throws {
        func broken(_ problem: String) -> PreparationError { .brokenCase(path: url.path, problem: problem) }
        let data: Data
        do { data = try InputFile.contents(of: url) } catch let error as FileError { throw broken("the file \(error.problem)") }
        do { self = try JSONText.decode(from: data) } catch let error as JSONProblem { throw broken(error.sentence) } catch {
            throw broken("\(error)")
        }
        guard geometry.spacing.count == 3, spacing.count == 3, channels > 0 else {
            throw broken("sizes, spacings and the crop box need three numbers each")
        }
        let fits = (0..<3).allSatisfy {
            0 <= cropBox.lower[$0] && cropBox.lower[$0] < cropBox.upper[$0] && cropBox.upper[$0] <= geometry.size[$0] && size[$0] > 0
                && size[$0] < 1 << 20 && geometry.size[$0] < 1 << 20
        }
        guard fits else { throw broken("the crop box does not lie inside the scan, or a size is out of range") }
        guard size.saturatingProduct() < 1 << 31, channels <= 1024 else {
            throw broken("it has \(channels) channels of \(size) voxels, but at most 1024 of less than 2³¹ are possible")
        }
        guard Set(flippedAxes).count == flippedAxes.count, flippedAxes.allSatisfy((0...2).contains) else {
            throw broken("its flippedAxes are \(flippedAxes), but may hold each of 0, 1, 2 at most once")
        }
        guard spacing.allSatisfy(Geometry.spacingRange.contains) else {
            throw broken(
                "its spacing is \(spacing), from \(Geometry.spacingRange.lowerBound) to "
                    + "\(Geometry.spacingRange.upperBound) mm are possible")
        }
        if let problem = geometry.problem { throw broken("the scan's geometry makes no sense: \(problem)") }
    }
}

/// The files of a prepared case opened for reading; the arrays stay in the mapped file until asked for.
public struct PreparedCaseFile: Sendable {
    /// Geometry and crop.
    public let properties: CaseProperties

    /// Normalized intensities, float32 [C, D, H, W].
    public let image: StoredArray

    /// Labels, int16 [D, H, W]; nil for a case without.
    public let labels: StoredArray?

    private let file: SafetensorsFile

    /// - Throws: `PreparationError.brokenCase` when the two files do not agree.
    public init(named name: String, in folder: URL) throws {
        let urls = PreparedCase.urls(of: name, in: folder)
        properties = try CaseProperties(contentsOf: urls.properties)
        file = try SafetensorsFile(contentsOf: urls.arrays)
        image = try file.array("image")
        labels = file["labels"]
        let shape = [properties.channels] + properties.size
        guard image.shape == shape, image.scalarType == .float32 else {
            throw PreparationError.brokenCase(
                path: urls.arrays.path, problem: "the image is \(image.scalarType) \(image.shape), but float32 \(shape) is expected")
        }
        if let labels, labels.shape != Array(properties.size) || labels.scalarType != .int16 {
            throw PreparationError.brokenCase(
                path: urls.arrays.path,
                problem: "the labels are \(labels.scalarType) \(labels.shape), but int16 \(properties.size) is expected")
        }
    }

    /// The voxels to center training patches on.
    public func foreground() throws -> ForegroundLocations {
        var found: [Int: [Int32]] = [:]
        let count = properties.voxelCount
        for name in file.names where name.hasPrefix("foreground.") {
            guard let value = Int(name.dropFirst("foreground.".count)), let voxels = file[name]?.ints(),
                voxels.allSatisfy({ (0..<count).contains($0) })
            else {
                throw PreparationError.brokenCase(path: file.url.path, problem: "the array \(name) is not a list of voxels of the image")
            }
            found[value] = voxels.map { Int32($0) }
        }
        return ForegroundLocations(voxels: found)
    }
}
