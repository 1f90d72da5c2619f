import Foundation
import TestSupport
import Testing
import UNETRArchives

@Suite struct NumPyPickleTests {
    private func arrays(_ version: Int) throws -> PickleValue {
        try PickleFile.read(Fixtures.url("archives/numpy_protocol\(version).pkl"))
    }

    @Test(arguments: 0...5) func arraysOfEveryNumberTypeAndBothByteOrdersAreRead(version: Int) throws {
        let arrays = try arrays(version)
        let types: [(String, ScalarType)] = [
            ("f8", .float64), ("f4", .float32), ("f2", .float16), ("i8", .int64), ("i4", .int32), ("i2", .int16), ("i1", .int8),
            ("u8", .uint64), ("u4", .uint32), ("u2", .uint16), ("u1", .uint8),
        ]
        for (name, type) in types {
            for array in [arrays[name], type.byteCount > 1 ? arrays["big_" + name] : nil].compactMap({ $0 }) {
                let array = try #require(array.array, "\(name)")
                #expect(array.scalarType == type && array.shape == [2, 3] && array.doubles() == [0, 1, 2, 3, 4, 5], "\(name)")
            }
        }
        #expect(arrays["big_f8"]?.array != nil && arrays["big_u2"]?.array != nil)
    }

    @Test(arguments: 0...5) func layoutsAreBroughtToCOrder(version: Int) throws {
        let arrays = try arrays(version)
        #expect(arrays["fortran"]?.array == StoredArray([0, 1, 2, 3, 4, 5] as [Int32], shape: [2, 3]))
        #expect(arrays["fortran_3d"]?.array == StoredArray((0..<24).map(Double.init), shape: [2, 3, 4]))
        #expect(arrays["strided"]?.ints == [0, 3, 6, 9])
        #expect(arrays["bool"]?.array == StoredArray([true, false, true, false, true, false], shape: [2, 3]))
        #expect(arrays["zero_dimensional"]?.doubleValue == 3.5)
        #expect(arrays["empty"]?.array?.shape == [0, 2])
    }

    @Test(arguments: 0...5) func scalarsKeepTheirTypeAndValue(version: Int) throws {
        let scalars = try #require(try arrays(version)["scalars"]?.elements)
        #expect(scalars.prefix(4).map(\.doubleValue) == [1.5, 2.5, 3.5, -4])
        #expect(scalars.prefix(4).map(\.array?.scalarType) == [.float64, .float32, .float16, .int8])
        #expect(scalars[4].doubleValue == 0x1p64, "2⁶⁴ − 1, rounded")
        #expect(scalars[5].boolValue == true)
        #expect(scalars[6].stringValue == "wört")
        guard case .bytes(let bytes) = scalars[7] else {
            Issue.record("not bytes")
            return
        }
        #expect(bytes.array == Array("by".utf8))
    }

    @Test(arguments: 0...5) func arraysOfOtherThingsAreNamed(version: Int) throws {
        let arrays = try arrays(version)
        for name in ["text", "record", "complex", "date"] {
            #expect(arrays[name]?.object?.name == "ndarray", "\(name)")
            guard case .bytes = arrays[name]?.object?.state else {
                Issue.record("\(name) has lost its bytes")
                continue
            }
        }
        let objects = try #require(arrays["objects"]?.object)
        #expect(objects.elements.first?.intValue == 1 && objects.elements[1].stringValue == "two" && objects.elements[2].isNone)
    }

    @Test(arguments: 0...3) func theNamesOfNumPyOneAreTheSame(version: Int) throws {
        // Up to protocol 3 names stand without a length, so NumPy 1's file is NumPy 2's with another module name.
        let bytes = try Data(contentsOf: Fixtures.url("archives/numpy_protocol\(version).pkl"))
        let text = String(decoding: bytes.map { UInt16($0) }, as: UTF16.self)
        let old = text.replacingOccurrences(of: "numpy._core.", with: "numpy.core.")
        #expect(old != text)
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("old.pkl")
            try Data(old.utf16.map { UInt8($0) }).write(to: url)
            let value = try PickleFile.read(url)
            #expect(value["fortran"]?.array == StoredArray([0, 1, 2, 3, 4, 5] as [Int32], shape: [2, 3]))
            #expect(value["scalars"]?[0]?.doubleValue == 1.5)
        }
    }
}
