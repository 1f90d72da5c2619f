import Testing

@testable import UNETRVolumes

@Suite struct SegmentCodeTests {
    @Test(
        arguments: [
            ("kidney_left", "64033007", "7771000"), ("Left kidney", "64033007", "7771000"), ("RightKidney", "64033007", "24028007"), ("liver", "10200004", nil),
            ("Portal vein and splenic vein", "110765007", nil), ("Inferior Vena Cava", "64131007", nil), ("right adrenal gland", "23451007", "24028007"),
            ("vertebrae_T12", "23215003", nil), ("rib_left_12", "43993008", "7771000"), ("heart_atrium_left", "82471001", nil),
            ("left ventricle", "87878005", nil),
            ("RV", "53085002", nil), ("myocardium", "74281007", nil), ("lung_middle_lobe_right", "72481006", nil),
            ("lung_upper_lobe_left", "45653009", "7771000"),
            ("anterior hippocampus", "5366008", "255549009"), ("hip_right", "29836001", "24028007"),
        ] as [(String, String, String?)])
    func `Structures have their code, however their name is spelled`(name: String, type: String, modifier: String?) {
        let code = SegmentCode(named: name)
        #expect(code.category.value == "123037004")
        #expect(code.type.value == type)
        #expect(code.type.scheme == "SCT")
        #expect(code.modifier?.value == modifier)
    }

    @Test(
        arguments: [
            ("edema", "79654002", nil), ("peritumoral edema", "79654002", "12738006"), ("enhancing tumor", "108369006", "12738006"),
            ("lung cancer", "108369006", "39607008"),
            ("cancer", "108369006", nil), ("kidney_cyst_left", "367643001", "64033007"),
        ] as [(String, String, String?)])
    func `What is not as it should be is altered, with its region where the name says it`(name: String, type: String, region: String?) {
        let code = SegmentCode(named: name)
        #expect(code.category.value == "49755003")
        #expect(code.type.value == type)
        #expect(code.region?.value == region)
    }

    @Test func `The model's name helps where the structure's alone says too little`() {
        #expect(SegmentCode(named: "cancer", context: "Task06_Lung").region?.value == "39607008")
        #expect(SegmentCode(named: "Anterior", context: "hippocampus").modifier?.value == "255549009")
        #expect(SegmentCode(named: "Anterior").isFallback)
        #expect(SegmentCode(named: "liver", context: "Task06_Lung") == SegmentCode(named: "liver"))
    }

    @Test(arguments: ["", "Label 3", "something else", "left", "🫀", "LungX"])
    func `A name without a code is a tissue`(name: String) {
        let code = SegmentCode(named: name)
        #expect(code.isFallback)
        #expect(code.type.value == "85756007")
    }

    /// The names of TotalSegmentator's task total.
    private static let total: [String] = {
        let single = """
            spleen gallbladder liver stomach pancreas esophagus trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate sacrum heart aorta pulmonary_vein
            brachiocephalic_trunk superior_vena_cava inferior_vena_cava portal_vein_and_splenic_vein spinal_cord brain skull sternum costal_cartilages vertebrae_S1
            lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right atrial_appendage_left
            """
        let sided = """
            kidney adrenal_gland kidney_cyst subclavian_artery common_carotid_artery brachiocephalic_vein iliac_artery iliac_vena humerus scapula clavicula femur hip
            gluteus_maximus gluteus_medius gluteus_minimus autochthon iliopsoas
            """
        func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }
        let vertebrae = (1...7).map { "vertebrae_C\($0)" } + (1...12).map { "vertebrae_T\($0)" } + (1...5).map { "vertebrae_L\($0)" }
        let ribs = ["left", "right"].flatMap { side in (1...12).map { "rib_\(side)_\($0)" } }
        return words(single) + words(sided).flatMap { ["\($0)_left", "\($0)_right"] } + vertebrae + ribs
    }()

    @Test func `All classes of TotalSegmentator have a code, and no two the same`() {
        #expect(Self.total.count == 117)
        let codes = Self.total.map(SegmentCode.init(named:))
        #expect(codes.allSatisfy { !$0.isFallback })
        #expect(Set(codes).count == 117)
    }

    @Test func `Codes fit their elements`() {
        for code in Self.total.map(SegmentCode.init(named:)) {
            for concept in [code.category, code.type, code.modifier, code.region, code.regionModifier].compactMap(\.self) {
                #expect(concept.value.utf8.count <= 16 && concept.value.allSatisfy(\.isNumber))
                #expect(concept.meaning.utf8.count <= 64)
            }
        }
    }

    @Test func `Colors are read, written and spread over CIELab`() {
        #expect(SegmentColor("#dd8265") == SegmentColor(red: 221, green: 130, blue: 101))
        #expect(SegmentColor("dd8265") == SegmentColor("#DD8265"))
        #expect(SegmentColor("#dd826") == nil)
        #expect(SegmentColor("#+d8265") == nil)
        #expect(SegmentColor(red: 221, green: 130, blue: 101).text == "#dd8265")
        // L* 100 and 0, a* and b* 0: white and black.
        for (color, lab) in [("#ffffff", [65535, 32896, 32896]), ("#000000", [0, 32896, 32896]), ("#ff0000", [34890, 53485, 50171])] {
            let found = SegmentColor(color)!.scaledLab
            #expect(zip(found, lab).allSatisfy { abs($0 - $1) <= 12 }, "\(color) \(found)")
        }
        #expect(Set((1...117).map { SegmentColor(label: $0) }).count == 117)
    }
}
