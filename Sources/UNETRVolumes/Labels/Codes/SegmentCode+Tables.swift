extension SegmentCode {
    private typealias Row = (code: String, meaning: String, names: [String])

    private static func table(_ rows: [Row]) -> [String: CodedConcept] {
        Dictionary(rows.flatMap { row in row.names.map { ($0, CodedConcept.snomed(row.code, row.meaning)) } }) { first, _ in first }
    }

    /// Structures that come in one, or in two alike.
    static let structures: [String: CodedConcept] = table(
        organs + vessels + muscles + bones + vertebrae + ribs + [
            ("12738006", "Brain", ["brain"]), ("5366008", "Hippocampus", ["hippocampus"]), ("4958002", "Amygdala", ["amygdala"]),
            ("119238007", "Brain stem", ["brain stem", "brainstem"]), ("11000004", "Caudate nucleus", ["caudate nucleus", "caudate"]),
            ("113305005", "Cerebellum", ["cerebellum"]), ("89278009", "Putamen", ["putamen"]), ("119406000", "Thalamus", ["thalamus"]),
            ("14738005", "Globus pallidus", ["globus pallidus", "pallidum"]), ("66720007", "Lateral ventricle", ["lateral ventricle"]),
            ("2748008", "Spinal cord", ["spinal cord"]), ("89545001", "Face", ["face"]), ("80891009", "Heart", ["heart"]),
            (
                "74281007", "Myocardium",
                ["heart myocardium", "myocardium", "myo", "lv myocardium", "ventricle myocardium", "ventricular myocardium", "heart ventricle myocardium"]
            ),
            ("68786006", "Auricular appendage", ["atrial appendage"]), ("76848001", "Pericardium", ["pericardium"]),
            ("22943007", "Trunk", ["body trunc", "body trunk", "trunk"]), ("66019005", "Limb", ["body extremities"]),
        ])

    private static let organs: [Row] = [
        ("23451007", "Adrenal gland", ["adrenal gland", "adrenal", "suprarenal gland"]), ("71854001", "Colon", ["colon"]),
        ("38848004", "Duodenum", ["duodenum"]), ("32849002", "Esophagus", ["esophagus", "oesophagus"]),
        ("28231008", "Gallbladder", ["gallbladder", "gall bladder"]),
        ("64033007", "Kidney", ["kidney", "kidneys"]), ("10200004", "Liver", ["liver"]), ("39607008", "Lung", ["lung", "lungs"]),
        ("90572001", "Lower lobe of lung", ["lung lower lobe"]), ("45653009", "Upper lobe of lung", ["lung upper lobe"]),
        ("15776009", "Pancreas", ["pancreas"]), ("41216001", "Prostate", ["prostate"]), ("30315005", "Small intestine", ["small bowel", "small intestine"]),
        ("78961009", "Spleen", ["spleen"]), ("69695003", "Stomach", ["stomach"]), ("69748006", "Thyroid gland", ["thyroid gland", "thyroid"]),
        ("44567001", "Trachea", ["trachea"]), ("110726009", "Trachea and bronchus", ["lung trachea bronchia"]),
        ("89837001", "Urinary bladder", ["urinary bladder", "bladder"]), ("3120008", "Pleural membrane", ["lung pleural"]),
    ]

    private static let vessels: [Row] = [
        ("15825003", "Aorta", ["aorta"]), ("12691009", "Brachiocephalic artery", ["brachiocephalic trunk"]),
        ("8887007", "Brachiocephalic vein", ["brachiocephalic vein"]), ("32062004", "Common carotid artery", ["common carotid artery"]),
        ("41801008", "Coronary artery", ["coronary arteries", "coronary artery"]), ("73634005", "Common iliac artery", ["iliac artery"]),
        ("46027005", "Common iliac vein", ["iliac vena", "iliac vein"]),
        ("64131007", "Inferior vena cava", ["inferior vena cava", "ivc", "postcava"]),
        (
            "110765007", "Portal vein and splenic vein",
            ["portal vein splenic vein", "portal splenic vein", "portal splenic veins", "portal vein splenic veins"]
        ),
        ("81040000", "Pulmonary artery", ["pulmonary artery"]), ("122972007", "Pulmonary vein", ["pulmonary vein"]),
        ("29700009", "Subclavian artery", ["subclavian artery"]), ("48345005", "Superior vena cava", ["superior vena cava", "svc"]),
    ]

    private static let muscles: [Row] = [
        ("244849004", "Deep muscle of back", ["autochthon"]), ("181674001", "Gluteus maximus muscle", ["gluteus maximus"]),
        ("78333006", "Gluteus medius muscle", ["gluteus medius"]), ("75297007", "Gluteus minimus muscle", ["gluteus minimus"]),
        ("68455001", "Iliopsoas muscle", ["iliopsoas"]), ("127954009", "Skeletal muscle", ["skeletal muscle"]),
    ]

    private static let bones: [Row] = [
        ("83936004", "Carpus", ["carpal"]), ("51299004", "Clavicle", ["clavicula", "clavicle"]), ("50016007", "Costal cartilage", ["costal cartilages"]),
        ("71341001", "Femur", ["femur"]), ("87342007", "Fibula", ["fibula"]), ("29836001", "Hip", ["hip"]), ("85050009", "Humerus", ["humerus"]),
        ("36455000", "Metacarpal bones", ["metacarpal"]), ("53884002", "Metatarsal", ["metatarsal"]), ("64234005", "Patella", ["patella"]),
        ("28641004", "Phalanx structure", ["phalanges feet", "phalanges hand"]), ("62413002", "Radius", ["radius"]), ("54735007", "Sacrum", ["sacrum"]),
        ("79601000", "Scapula", ["scapula"]), ("89546000", "Skull", ["skull"]), ("56873002", "Sternum", ["sternum"]),
        ("108371006", "Tarsal bones", ["tarsal"]), ("12611008", "Tibia", ["tibia"]), ("23416004", "Ulna", ["ulna"]),
        ("3572006", "Vertebral body", ["vertebrae body"]),
    ]

    private static let vertebrae: [Row] = [
        ("14806007", "C1"), ("39976000", "C2"), ("113205007", "C3"), ("5329002", "C4"), ("36978003", "C5"), ("36054005", "C6"), ("87391001", "C7"),
        ("64864005", "T1"), ("53733008", "T2"), ("1626008", "T3"), ("73071006", "T4"), ("56401006", "T5"), ("45296009", "T6"), ("62487009", "T7"),
        ("11068009", "T8"), ("82687006", "T9"), ("7610001", "T10"), ("12989004", "T11"), ("23215003", "T12"), ("66794005", "L1"), ("14293000", "L2"),
        ("36470004", "L3"), ("11994002", "L4"), ("49668003", "L5"), ("65985001", "S1"),
    ].map { ($0.0, "\($0.1) vertebra", ["vertebrae \($0.1.lowercased())", "vertebra \($0.1.lowercased())", "\($0.1.lowercased()) vertebra"]) }

    private static let ribs: [Row] = [
        ("48535007", "First"), ("78247007", "Second"), ("25888004", "Third"), ("25523003", "Fourth"), ("15339008", "Fifth"), ("59558009", "Sixth"),
        ("24915002", "Seventh"), ("5953002", "Eighth"), ("22565002", "Ninth"), ("77644006", "Tenth"), ("58830002", "Eleventh"), ("43993008", "Twelfth"),
    ].enumerated().map { ($1.0, "\($1.1) rib", ["rib \($0 + 1)", "\($1.1.lowercased()) rib"]) }

    /// Structures whose two sides are two concepts.
    static let sided: [String: CodedConcept] = table([
        ("82471001", "Left atrium", ["heart atrium left", "atrium left"]), ("73829009", "Right atrium", ["heart atrium right", "atrium right"]),
        ("87878005", "Left ventricle of heart", sides("left")), ("53085002", "Right ventricle of heart", sides("right")),
        ("72481006", "Middle lobe of right lung", ["lung middle lobe right"]),
    ])

    private static func sides(_ side: String) -> [String] {
        ["heart ventricle", "ventricle", "heart ventricular cavity", "ventricular cavity", "ventricle cavity", "ventricle blood pool"].map { "\($0) \(side)" }
    }

    /// Abbreviations and parts of structures.
    static let parts: [String: (type: CodedConcept, part: CodedConcept?)] = {
        let hippocampus = CodedConcept.snomed("5366008", "Hippocampus")
        let left = CodedConcept.snomed("87878005", "Left ventricle of heart"), right = CodedConcept.snomed("53085002", "Right ventricle of heart")
        return [
            "lv": (left, nil), "lvc": (left, nil), "rv": (right, nil), "rvc": (right, nil),
            "anterior hippocampus": (hippocampus, .anterior), "hippocampus anterior": (hippocampus, .anterior),
            "posterior hippocampus": (hippocampus, .posterior), "hippocampus posterior": (hippocampus, .posterior),
        ]
    }()

    static let tissues: [String: CodedConcept] = table([
        ("67769002", "Subcutaneous fatty tissue", ["subcutaneous fat"]), ("55603005", "Fat", ["torso fat"]),
    ])

    /// What is not as it should be, and where that is known from the name.
    static let alterations: [String: (type: CodedConcept, region: CodedConcept?)] = {
        let neoplasm = CodedConcept.snomed("108369006", "Neoplasm"), brain = CodedConcept.snomed("12738006", "Brain")
        let edema = CodedConcept.snomed("79654002", "Edema"), necrosis = CodedConcept.snomed("6574001", "Necrosis")
        let cyst = CodedConcept.snomed("367643001", "Cyst"), effusion = CodedConcept.snomed("41699000", "Effusion")
        var rows: [String: (type: CodedConcept, region: CodedConcept?)] = [
            "lesion": (.snomed("52988006", "Lesion"), nil), "mass": (.snomed("4147007", "Mass"), nil), "nodule": (.snomed("27925004", "Nodule"), nil),
            "hemorrhage": (.snomed("50960005", "Hemorrhage"), nil), "intracerebral hemorrhage": (.snomed("50960005", "Hemorrhage"), brain),
            "cyst": (cyst, nil), "kidney cyst": (cyst, .snomed("64033007", "Kidney")), "edema": (edema, nil), "peritumoral edema": (edema, brain),
            "necrosis": (necrosis, nil), "necrotic core": (necrosis, brain), "necrotic tumor core": (necrosis, brain), "ncr": (necrosis, brain),
            "ed": (edema, brain), "lung nodule": (.snomed("27925004", "Nodule"), .snomed("39607008", "Lung")),
            "pleural effusion": (effusion, .snomed("91381003", "Pleural cavity")),
            "pericardial effusion": (effusion, .snomed("25489000", "Pericardial cavity")),
        ]
        for name in ["tumor", "tumour", "cancer", "neoplasm"] {
            rows[name] = (neoplasm, nil)
            for (organ, region) in structures where !organ.contains(where: \.isNumber) { rows["\(organ) \(name)"] = (neoplasm, region) }
        }
        // The regions of BraTS: parts of one tumor, for which SNOMED CT has no codes of their own.
        let regions = [
            "whole tumor", "tumor core", "enhancing tumor", "non enhancing tumor", "et", "tc", "wt", "netc", "ncr net", "gd enhancing tumor", "whole tumour",
            "tumour core", "enhancing tumour", "non enhancing tumour", "necrotic non enhancing tumor core", "necrotic non enhancing tumor",
        ]
        for name in regions { rows[name] = (neoplasm, brain) }
        return rows
    }()
}
