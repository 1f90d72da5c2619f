import Foundation
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMElementsTests {
    @Test func `Elements come in the order of their tags, with even lengths`() {
        var elements = DICOMElements()
        elements.set(.rows, 258)
        elements.set(.sopInstance, "1.2")
        elements.set(.modality, "SEG")
        #expect(
            elements.encoded()
                == [8, 0, 0x18, 0] + Array("UI".utf8) + [4, 0] + Array("1.2\0".utf8) + [8, 0, 0x60, 0] + Array("CS".utf8) + [4, 0] + Array("SEG ".utf8)
                + [0x28, 0, 0x10, 0] + Array("US".utf8) + [2, 0, 2, 1])
        #expect(Array(elements.encoded(.implicit).prefix(12)) == [8, 0, 0x18, 0, 4, 0, 0, 0] + Array("1.2\0".utf8))
    }

    @Test func `Sequences and items state their lengths`() {
        var elements = DICOMElements()
        elements.set(.sharedGroups) { $0.set(.rows, 1) }
        #expect(
            elements.encoded()
                == [0, 0x52, 0x29, 0x92] + Array("SQ".utf8) + [0, 0, 18, 0, 0, 0, 0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, 0x28, 0, 0x10, 0] + Array("US".utf8) + [
                    2, 0, 1, 0,
                ])
        elements.set(.sharedGroups, items: [])
        #expect(elements.encoded().count == 12)
    }

    @Test func `Decimal strings have 16 characters at most`() {
        for (value, text) in [
            (0.0, "0"), (-0.0, "0"), (1, "1"), (-2.5, "-2.5"), (0.9765625, "0.9765625"), (1.0 / 3, "0.33333333333333"), (-2.0 / 3, "-0.6666666666667"),
            (1e-20, "1e-20"), (123456789012, "123456789012"),
        ] {
            #expect(DICOMDecimal.text(value) == text)
        }
        var generator = CounterGenerator(seed: 5)
        for _ in 0..<20_000 {
            let value = generator.uniform(-1, 1) * pow(10, generator.uniform(-12, 9))
            let text = DICOMDecimal.text(value), coordinate = DICOMDecimal.coordinate(value)
            #expect(text.utf8.count <= 16 && coordinate.utf8.count <= 16)
            #expect(abs(Double(text)! - value) <= abs(value) * 1e-8)
            #expect(abs(Double(coordinate)! - value) <= max(5.1e-7, abs(value) * 1e-8))
            #expect(!coordinate.contains("e") && coordinate != "-0")
        }
        for (value, text) in [
            (1.5, "1.5"), (-0.0000001, "0"), (-12.000001, "-12.000001"), (0.9999999, "1"), (100, "100"), (-99999999.123456, "-99999999.123456"),
        ] {
            #expect(DICOMDecimal.coordinate(value) == text)
        }
    }

    @Test func `Identifiers are valid, random, or follow from seed and contents`() {
        let one = SHA256Digest(of: Data([1])), two = SHA256Digest(of: Data([2]))
        func first(_ seed: UInt64?, _ contents: SHA256Digest) -> [String] {
            var identifiers = DICOMUIDs(seed: seed, contents: contents)
            return [identifiers.next(), identifiers.next()]
        }
        #expect(first(3, one) == first(3, one))
        #expect(Set(first(3, one) + first(4, one) + first(3, two) + first(nil, one) + first(nil, one)).count == 10)
        for uid in first(3, one) + first(nil, one) { #expect(DICOMUIDs.isValid(uid) && uid.hasPrefix("2.25.")) }
        #expect(DICOMUIDs.decimal([1, 0, 0]) == "65536")
        #expect(DICOMUIDs.decimal([UInt8](repeating: 255, count: 16)) == "340282366920938463463374607431768211455")
        #expect(DICOMUIDs.decimal([0]) == "0")
        for wrong in ["", "1", "1.02", "1..2", "a.b", ".1", "1.2.", String(repeating: "1.", count: 40) + "1"] { #expect(!DICOMUIDs.isValid(wrong)) }
        #expect(DICOMUIDs.isValid(DICOMObjectFile.implementation))
    }

    @Test(
        arguments: [
            ([], [0x4D, 0xFC, 0x6C], "Mül"), (["ISO_IR 100"], [0x4D, 0xFC, 0x6C], "Mül"), (["ISO_IR 192"], [0xC3, 0xBC, 0x20], "ü"),
            (["ISO_IR 192"], [0xC3], nil),
            (["ISO_IR 144"], [0xBB, 0xEE], "Лю"), (["ISO_IR 126"], [0xC4], "Δ"), (["ISO_IR 101"], [0xB9], "š"), (["ISO_IR 13"], [0xD4, 0xCF], "ﾔﾏ"),
            (["GB18030"], [0xCD, 0xF5], "王"), (["ISO_IR 999"], [0x41], nil),
            (["", "ISO 2022 IR 149"], [0x48, 0x5E, 0x1B, 0x24, 0x29, 0x43, 0xFB, 0xF3], "H^洪"), (["", "ISO 2022 IR 87"], [0x1B, 0x00], nil),
        ] as [([String], [UInt8], String?)])
    func `Texts of the common character sets become Unicode`(terms: [String], bytes: [UInt8], text: String?) {
        #expect(DICOMText(terms).decoded(bytes, isName: true) == text)
    }

    @Test func `A Japanese name has its three forms`() {
        let name = Array("Yamada^Tarou=\u{1B}$B;3ED\u{1B}(B^\u{1B}$BB@O:\u{1B}(B=\u{1B}$B$d$^$@\u{1B}(B^\u{1B}$B$?$m$&\u{1B}(B ".utf8)
        #expect(DICOMText(["", "ISO 2022 IR 87"]).decoded(name, isName: true) == "Yamada^Tarou=山田^太郎=やまだ^たろう")
    }
}
