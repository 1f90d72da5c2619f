public import UNETRSupport

/// A prepared case that samples are drawn from: its arrays, read in place, and where its classes are.
///
/// The arrays may be memory-mapped: only the voxels of a drawn crop are read.
public protocol SampleSource: Sendable {
    /// The number of image channels.
    var channels: Int { get }
    /// The size of every channel and of the labels.
    var size: Size3 { get }
    /// Where the foreground classes are. Classes without voxels are passed over.
    var foreground: [ForegroundClass] { get }

    /// Calls `body` with the image `[C, D, H, W]`.
    func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result
    /// Calls `body` with the labels `[D, H, W]`; −1 is outside the mask.
    func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result
}

/// Voxels of one foreground class (or region) of a case, among which centers of samples are drawn.
public struct ForegroundClass: Sendable, Equatable, Codable {
    /// The class's label, or the number of the region.
    public var label: Int
    /// Positions in the C-order array `[D, H, W]`.
    public var voxels: [Int32]

    /// A class with the flat indices of some of its voxels.
    public init(label: Int, voxels: [Int32]) {
        self.label = label
        self.voxels = voxels
    }

    /// Every voxel of every label above 0, by ascending label.
    public static func all(in labels: [Int16]) -> [ForegroundClass] {
        var voxels: [Int16: [Int32]] = [:]
        for (index, label) in labels.enumerated() where label > 0 { voxels[label, default: []].append(Int32(index)) }
        return voxels.keys.sorted().map { ForegroundClass(label: Int($0), voxels: voxels[$0]!) }
    }
}

/// A case held in memory.
public struct ArraySource: SampleSource {
    /// Number of image channels.
    public let channels: Int
    /// Voxels along each axis.
    public let size: Size3
    /// Voxels of each class, for patches centered on foreground.
    public let foreground: [ForegroundClass]
    private let image: [Float]
    private let labels: [Int16]

    /// - Parameters:
    ///   - image: `[C, D, H, W]`.
    ///   - labels: `[D, H, W]`.
    ///   - foreground: where the classes are; all voxels with labels above 0 when nil.
    ///   - channels: number of channels.
    ///   - size: voxels along each axis.
    /// - Throws: `AugmentationError.source` when an array has another length than the size says.
    public init(image: [Float], channels: Int, labels: [Int16], size: Size3, foreground: [ForegroundClass]? = nil) throws {
        guard size.depth > 0, size.height > 0, size.width > 0, channels > 0 else {
            throw AugmentationError.size(of: "Case", expected: "at least one voxel and channel", found: "\(channels) × \(size.text())")
        }
        guard image.count == channels * size.voxels else {
            throw AugmentationError.source(case: 0, array: "image", expected: channels * size.voxels, found: image.count)
        }
        guard labels.count == size.voxels else {
            throw AugmentationError.source(case: 0, array: "labels", expected: size.voxels, found: labels.count)
        }
        self.image = image
        self.channels = channels
        self.labels = labels
        self.size = size
        self.foreground = foreground ?? ForegroundClass.all(in: labels)
    }

    /// Calls `body` with the image, [C, D, H, W].
    public func withImage<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
        try image.withUnsafeBufferPointer(body)
    }

    /// Calls `body` with the labels, [D, H, W].
    public func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result {
        try labels.withUnsafeBufferPointer(body)
    }
}
