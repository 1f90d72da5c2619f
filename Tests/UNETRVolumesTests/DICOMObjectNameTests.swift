import Foundation
import TestSupport
import Testing

@testable import UNETRVolumes

struct DICOMObjectNameTests {
    private static let fixtures = Fixtures.url("dicom")

    @Test func `Objects of every kind and form have a name`() throws {
        for fixture in ["07_evrle", "07_evrbe", "07_ivrle", "07_deflated", "07_j2k", "07_rle", "08c_enhanced_mr_shuffled", "15k_color"] {
            let (objects, others) = try DICOMObjectName.found(in: Self.fixtures.appending(path: fixture))
            #expect(!objects.isEmpty && others == 1, "\(fixture): expected.json alone is no object")
            for (_, name) in objects {
                #expect([name.study, name.series, name.instance].allSatisfy { $0.hasPrefix("1.2.826.0.1.3680043.8.498.") }, "\(fixture)")
                #expect(name.sopClass.hasPrefix("1.2.840.10008.5.1.4.1.1.") && !name.modality.isEmpty)
            }
            #expect(Set(objects.map(\.name.instance)).count == objects.count && Set(objects.map(\.name.series)).count == 1)
        }
    }

    @Test func `A file that is cut off anywhere, or no object, has none`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = Self.fixtures.appending(path: "07_evrle/001.dcm"), data = try Data(contentsOf: file), copy = folder.appending(path: "x.dcm")
            let name = try #require(try DICOMObjectName(contentsOf: file))
            for count in stride(from: 0, to: data.count, by: 97) {
                try data.prefix(count).write(to: copy)
                let found = try? DICOMObjectName(contentsOf: copy)
                #expect(found == nil, "\(count) bytes")
            }
            try data.write(to: copy)
            #expect(try DICOMObjectName(contentsOf: copy) == name)
            for text in ["", "notes", String(repeating: "\u{8}\0", count: 500)] {
                try Data(text.utf8).write(to: copy)
                #expect(try DICOMObjectName(contentsOf: copy) == nil)
                let error = #expect(throws: DICOMError.self) { try DICOMObjectName.found(in: copy) }
                #expect(error?.problem == .noObject)
            }
        }
    }
}
