import UNETRVolumes

/// The tasks of TotalSegmentator that segment the whole body: models, spacing, and names of the structures in the order of its masks.
///
/// Source: TotalSegmentator 2 (`map_tasks_config.py`, `map_to_binary.py`, `nnunet.py`), Apache-2.0.
struct TotalSegmentatorTask {
    /// What it is called here.
    let name: String

    /// Numbers of the data sets of its models, in order.
    let models: [Int]

    /// Along all three axes, in mm.
    let spacing: Double

    /// Names of the structures, a list for each model; a task with one model has them all in that.
    let structures: [[String]]

    /// These tasks' windows overlap less than nnU-Net's usually do.
    static let stepFraction = 0.8

    static let all: [TotalSegmentatorTask] = [
        TotalSegmentatorTask(name: "total", models: [291, 292, 293, 294, 295], spacing: 1.5, structures: ct),
        TotalSegmentatorTask(name: "total-fast", models: [297], spacing: 3, structures: [ct.flatMap { $0 }]),
        TotalSegmentatorTask(name: "total-fastest", models: [298], spacing: 6, structures: [ct.flatMap { $0 }]),
        TotalSegmentatorTask(name: "total-v3", models: [831, 832, 833, 834, 835], spacing: 1.5, structures: ctV3),
        TotalSegmentatorTask(name: "total-v3-fast", models: [836], spacing: 3, structures: [ctV3.flatMap { $0 }]),
        TotalSegmentatorTask(name: "total-v3-fastest", models: [837], spacing: 6, structures: [ctV3.flatMap { $0 }]),
        TotalSegmentatorTask(name: "total-mr", models: [850, 851], spacing: 1.5, structures: mr),
        TotalSegmentatorTask(name: "total-mr-fast", models: [852], spacing: 3, structures: [mr.flatMap { $0 }]),
        TotalSegmentatorTask(name: "total-mr-fastest", models: [853], spacing: 6, structures: [mr.flatMap { $0 }]),
    ]

    /// Background and structures, numbered through.
    var labels: LabelSet {
        LabelSet(definitions: (["background"] + structures.flatMap { $0 }).enumerated().map { LabelDefinition(name: $1, value: $0) })
    }

    /// The value in the mask of a model's background and labels.
    func values(ofModel index: Int) -> [Int] {
        let before = structures[..<index].reduce(0) { $0 + $1.count }
        return [0] + structures[index].indices.map { before + $0 + 1 }
    }

    private static let ct = names(
        [
            """
            spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right adrenal_gland_left
            lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right esophagus
            trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate kidney_cyst_left kidney_cyst_right
            """,
            """
            sacrum vertebrae_S1 vertebrae_L5 vertebrae_L4 vertebrae_L3 vertebrae_L2 vertebrae_L1 vertebrae_T12 vertebrae_T11
            vertebrae_T10 vertebrae_T9 vertebrae_T8 vertebrae_T7 vertebrae_T6 vertebrae_T5 vertebrae_T4 vertebrae_T3 vertebrae_T2
            vertebrae_T1 vertebrae_C7 vertebrae_C6 vertebrae_C5 vertebrae_C4 vertebrae_C3 vertebrae_C2 vertebrae_C1
            """,
            """
            heart aorta pulmonary_vein brachiocephalic_trunk subclavian_artery_right subclavian_artery_left common_carotid_artery_right
            common_carotid_artery_left brachiocephalic_vein_left brachiocephalic_vein_right atrial_appendage_left superior_vena_cava
            inferior_vena_cava portal_vein_and_splenic_vein iliac_artery_left iliac_artery_right iliac_vena_left iliac_vena_right
            """,
            """
            humerus_left humerus_right scapula_left scapula_right clavicula_left clavicula_right femur_left femur_right hip_left
            hip_right spinal_cord gluteus_maximus_left gluteus_maximus_right gluteus_medius_left gluteus_medius_right
            gluteus_minimus_left gluteus_minimus_right autochthon_left autochthon_right iliopsoas_left iliopsoas_right brain skull
            """,
            """
            rib_left_1 rib_left_2 rib_left_3 rib_left_4 rib_left_5 rib_left_6 rib_left_7 rib_left_8 rib_left_9 rib_left_10 rib_left_11
            rib_left_12 rib_right_1 rib_right_2 rib_right_3 rib_right_4 rib_right_5 rib_right_6 rib_right_7 rib_right_8 rib_right_9
            rib_right_10 rib_right_11 rib_right_12 sternum costal_cartilages
            """,
        ])

    /// Version 3 has another vertebra in the place of the first of the sacrum.
    private static let ctV3 = ct.map { names in names.map { $0 == "vertebrae_S1" ? "vertebrae_L6" : $0 } }

    private static let mr = names(
        [
            """
            spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right adrenal_gland_left lung_left
            lung_right esophagus small_bowel duodenum colon urinary_bladder prostate sacrum vertebrae intervertebral_discs spinal_cord
            heart aorta inferior_vena_cava portal_vein_and_splenic_vein iliac_artery_left iliac_artery_right iliac_vena_left
            iliac_vena_right
            """,
            """
            humerus_left humerus_right scapula_left scapula_right clavicula_left clavicula_right femur_left femur_right hip_left
            hip_right gluteus_maximus_left gluteus_maximus_right gluteus_medius_left gluteus_medius_right gluteus_minimus_left
            gluteus_minimus_right autochthon_left autochthon_right iliopsoas_left iliopsoas_right brain
            """,
        ])

    private static func names(_ texts: [String]) -> [[String]] { texts.map { $0.split { $0.isWhitespace }.map(String.init) } }
}
