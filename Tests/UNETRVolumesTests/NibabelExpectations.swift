import Foundation
import TestSupport

/// What nibabel reads from one file of `Tests/Fixtures/nifti` (`expected.json`; made with nibabel, not by this package).
struct NibabelExpectation: Decodable, Sendable {
    var shape: [Int]?
    var datatype: String?
    var bigEndian: Bool?
    var spacing: [Double]?
    var affine: [[Double]]?
    var sformCode: Int?
    var qformCode: Int?
    var minimum: Double?
    var maximum: Double?
    var sum: Double?
    var probeIndex: [Int]?
    var probeValue: [Double]?
    var headerClass: String?

    private enum CodingKeys: String, CodingKey {
        case shape, datatype, affine, sum
        case bigEndian = "big_endian"
        case spacing = "spacing_mm"
        case sformCode = "sform_code"
        case qformCode = "qform_code"
        case minimum = "min"
        case maximum = "max"
        case probeIndex = "probe_index_fortran_order"
        case probeValue = "probe_value"
        case headerClass = "class"
    }

    /// All files in the list, by name; copies of one file under a second name are read under the first.
    static let all: [String: NibabelExpectation] = {
        let data = try! Data(contentsOf: Fixtures.url("nifti/expected.json"))
        return try! JSONDecoder().decode([String: NibabelExpectation].self, from: data)
    }()

    static func url(_ name: String) -> URL {
        let copies = ["avg152T1_LR_nifti.nii.gz": "reader/avg152T1_LR_nifti.nii.gz", "zstat1.nii.gz": "reader/big.nii.gz"]
        return Fixtures.url("nifti/" + (copies[name] ?? name))
    }

    /// Files whose header nibabel reads.
    static let readableHeaders = all.filter { $0.value.shape != nil }.keys.sorted()
    /// Files whose voxels nibabel reads as real numbers.
    static let readableVoxels = all.filter { $0.value.sum != nil }.keys.sorted()
    /// Files that nibabel refuses.
    static let refused = all.filter { $0.value.shape == nil }.keys.sorted()
    /// Files with voxels that are not real numbers.
    static let notReal = all.filter { $0.key.hasPrefix("rgb") || $0.key.hasPrefix("complex") }.keys.sorted()
}
