import Foundation
import TestSupport
import Testing
import UNETRVolumes

@Suite struct NIfTIRefusalTests {
    /// Reads a changed file and returns the error's sentence.
    private func sentence(_ name: String = "scan.nii", gzip: Bool = false, _ change: (inout NIfTIBytes) -> Void) throws -> String {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            change(&file)
            let url = try file.write(name, in: folder, gzip: gzip)
            let error = #expect(throws: VolumeError.self) { _ = try NIfTI.readScan(url) }
            return (error?.description ?? "").replacingOccurrences(of: folder.path + "/", with: "")
        }
    }

    @Test(arguments: NibabelExpectation.refused)
    func filesThatNibabelRefusesAreRefusedWithASentence(_ name: String) throws {
        let source = NibabelExpectation.url(name)
        let error = #expect(throws: VolumeError.self) { _ = try NIfTI.readScan(source) }
        #expect(error!.description.hasSuffix("."))
        // Under a name that does not give them away, their bytes are refused too (nibabel: "data code not recognized").
        try Fixtures.withTemporaryFolder { folder in
            let copy = folder.appendingPathComponent("scan.nii")
            try FileManager.default.copyItem(at: source, to: copy)
            let error = #expect(throws: VolumeError.self) { try NIfTI.readHeader(copy) }
            switch error {
            case .badHeader(_, "datatype", _, _), .notOfFormat: break
            default: Issue.record("\(String(describing: error))")
            }
        }
    }

    @Test(arguments: NibabelExpectation.notReal)
    func colorAndComplexVoxelsAreRefusedByName(_ name: String) throws {
        let url = NibabelExpectation.url(name)
        let header = try NIfTI.readHeader(url)
        #expect(throws: VolumeError.unsupportedVoxels(path: url.path, type: header.datatype.name)) { _ = try NIfTI.readScan(url) }
        #expect(throws: VolumeError.unsupportedVoxels(path: url.path, type: header.datatype.name)) { _ = try NIfTI.readLabels(url) }
    }

    @Test func aHeaderWithoutItsImageNamesWhatIsMissing() throws {
        let url = Fixtures.url("nifti/avg152T1_LR_nifti.hdr.gz")
        let error = #expect(throws: VolumeError.self) { _ = try NIfTI.readScan(url) }
        #expect(error!.description.contains("avg152T1_LR_nifti.img, avg152T1_LR_nifti.img.gz"))
        #expect(try NIfTI.readHeader(url).shape == [91, 109, 91])
    }

    @Test func aMissingFileAndAFolderAreNamed() throws {
        try Fixtures.withTemporaryFolder { folder in
            let missing = folder.appendingPathComponent("none.nii.gz")
            #expect(throws: VolumeError.cannotOpen(path: missing.path, reason: "no such file")) { _ = try NIfTI.readScan(missing) }
            let pair = folder.appendingPathComponent("none.hdr")
            #expect(throws: VolumeError.cannotOpen(path: pair.path, reason: "no such file")) { _ = try NIfTI.readScan(pair) }
            let directory = folder.appendingPathComponent("folder.nii")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            #expect(throws: VolumeError.cannotOpen(path: directory.path, reason: "it is a folder")) { _ = try NIfTI.readScan(directory) }
        }
    }

    @Test func anAbsurdSizeIsRefusedBeforeMemoryIsTaken() throws {
        let huge: (inout NIfTIBytes) -> Void = { file in
            for axis in 0..<3 { file.set(42 + 2 * axis, Int16.max) }
        }
        // 32767³ bytes: 35 TB in a file of 376 bytes.
        #expect(try sentence("scan.nii", huge).contains("the header promises 35181150961663 bytes of voxels from byte 352 on, but a file of 376 bytes"))
        #expect(try sentence("scan.nii.gz", gzip: true, huge).contains("a compressed file of"))
        let beyond = try sentence { file in
            file.set(40, Int16(7))
            for axis in 0..<7 { file.set(42 + 2 * axis, Int16.max) }
        }
        #expect(beyond.contains("no computer holds so many voxels"))
    }

    @Test func aCompressedFileThatPromisesMoreThanItHoldsIsCutOff() throws {
        // 24 voxels promised to be 2 × 3 × 40: possible for a gzipped file of this size, so it shows only on unpacking.
        let message = try sentence("scan.nii.gz", gzip: true) { $0.set(46, Int16(40)) }
        #expect(message == "scan.nii.gz: ends after 24 of 240 bytes; copy or download it again.")
    }

    @Test func filesCutOffAnywhereAreRefused() throws {
        for count in [0, 1, 100, 347, 351, 352, 375] {
            let message = try sentence { $0.bytes.removeLast($0.bytes.count - count) }
            #expect(message.hasSuffix("."), "\(count): \(message)")
        }
        // A gzip file loses its end: zlib notices.
        let source = try Data(contentsOf: Fixtures.url("nifti/f32.nii.gz"))
        try Fixtures.withTemporaryFolder { folder in
            for count in [0, 5, 20, 100, source.count - 9, source.count - 1] {
                let url = folder.appendingPathComponent("cut.nii.gz")
                try source.prefix(count).write(to: url)
                #expect(throws: VolumeError.self, "\(count) bytes") { _ = try NIfTI.readScan(url) }
            }
        }
    }

    @Test func aFlippedBitInCompressedVoxelsIsNoticed() throws {
        let source = try Data(contentsOf: Fixtures.url("nifti/reader/little.nii.gz"))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("flipped.nii.gz")
            for position in [source.count / 2, source.count - 6] {  // in the data, in the checksum
                var bytes = source
                bytes[position] ^= 0x10
                try bytes.write(to: url)
                #expect(throws: VolumeError.self, "byte \(position)") { _ = try NIfTI.readScan(url) }
            }
        }
    }

    @Test func fieldsThatCannotBeUsedAreNamed() throws {
        #expect(try sentence { $0.set(40, Int16(0)) }.contains("dim[0] is 0"))
        #expect(try sentence { $0.set(40, Int16(8)) }.contains("dim[0] is 8"))
        #expect(try sentence { $0.set(44, Int16(-3)) }.contains("dim[2] is -3"))
        #expect(try sentence { $0.set(70, Int16(1536)) }.contains("float128"))
        #expect(try sentence { $0.set(80, Float.nan) }.contains("pixdim[1] is nan"))
        #expect(try sentence { $0.set(284, Float.infinity) }.contains("affine row 1 is inf"))
        #expect(try sentence { $0.set(108, Float(100)) }.contains("vox_offset is 100"))
        #expect(try sentence { $0.set(108, Float.nan) }.contains("vox_offset is nan"))
        #expect(try sentence { $0.set(108, Float(1e30)) }.contains("vox_offset is 1e+30"))
        #expect(try sentence { $0.set(108, Float(1e12)) }.contains("ends before that byte"))
        #expect(try sentence { $0.set(108, Float(0x1p52)) }.contains("ends before that byte"))
        #expect(try sentence { $0.set(116, Float.nan) }.contains("scl_inter is nan"))
        #expect(
            try sentence {
                $0.set(254, Int16(0)); $0.set(252, Int16(1)); $0.set(256, Float(1.1))
            }.contains("quatern"))
        #expect(try sentence { $0.bytes[344] = 0 }.contains("an Analyze 7.5 header"))
        #expect(
            try sentence {
                $0.bytes[344] = 0; $0.bytes[0] = 0
            }.contains("something else"))
        #expect(try sentence("scan.mha") { _ in }.contains("must end in .nii, .nii.gz"))
    }

    @Test func labelsOutOfRangeAreNamedWithTheirPlace() throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            file.setVoxels((0..<24).map { Int32($0 == 17 ? 40000 : 1) }, datatype: 8)
            let url = try file.write("labels.nii", in: folder)
            // Voxel 17 of 2 × 3 × 4: i = 1, j = 2, k = 2.
            #expect(throws: VolumeError.notALabel(path: url.path, value: 40000, channel: 0, index: [1, 2, 2])) {
                try NIfTI.readLabels(url)
            }
        }
    }

    @Test func noByteOfTheHeaderMakesTheReaderCrash() throws {
        // A crash would end the test run; an error must be one of ours, and voxels must be as many as the header then says.
        let sources = [NIfTIBytes().bytes, try bytes(of: NIfTIHeader.Version.two)]
        try Fixtures.withTemporaryFolder { folder in
            var refused = 0
            for source in sources {
                for position in 0..<(source.count - 24) {
                    for value: UInt8 in [0xFF, 0x01] {
                        var changed = source
                        changed[position] ^= value
                        // A new file each time: writing over one makes some file systems wait for the disk.
                        let url = folder.appendingPathComponent("\(source.count) \(position) \(value).nii")
                        try Data(changed).write(to: url)
                        do {
                            let scan = try NIfTI.readScan(url)
                            #expect(scan.voxels.count == scan.channels * scan.geometry.count)
                            _ = scan.geometry.orientation
                            _ = scan.geometry.problem
                        } catch is VolumeError {
                            refused += 1
                        }
                    }
                }
            }
            #expect(refused > 100)
        }
    }

    /// A file of 2 × 3 × 4 bytes of the other version.
    private func bytes(of version: NIfTIHeader.Version) throws -> [UInt8] {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("scan.nii")
            var header = try NIfTI.readHeader(NIfTIBytes().write("one.nii", in: folder))
            header.version = version
            try NIfTI.write(labels: LabelMap(geometry: header.geometry, voxels: [Int16](repeating: 1, count: 24)), like: header, to: url)
            return Array(try Data(contentsOf: url))
        }
    }
}
