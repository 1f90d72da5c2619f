import UNETRSupport
public import UNETRVolumes

/// Bringing a label map to another grid.
public enum LabelResampling {
    /// The label map on `geometry`'s grid: each voxel takes the label of the nearest voxel of `labels` in the patient, 0 outside it.
    ///
    /// - Throws: `EvaluationError.unusableGeometry` if one of the affines is singular.
    public static func nearest(_ labels: LabelMap, to geometry: Geometry, case name: String) throws -> LabelMap {
        if labels.geometry.isApproximatelyEqual(to: geometry) { return labels }
        for grid in [labels.geometry, geometry] {
            if let problem = grid.problem { throw EvaluationError.unusableGeometry(case: name, problem: problem) }
        }
        let source = labels.geometry
        // Voxel to voxel is affine as well: the image of the corner and of one step along each axis say it all.
        func place(_ i: Double, _ j: Double, _ k: Double) -> SIMD3<Double> {
            let p = geometry.position(i: i, j: j, k: k)
            // Its determinant, which `problem` looked at, can still be too small to divide by: then there is no voxel.
            guard let index = source.index(x: p.x, y: p.y, z: p.z) else { return SIMD3(repeating: .nan) }
            return SIMD3(index.i, index.j, index.k)
        }
        let origin = place(0, 0, 0)
        let (stepI, stepJ, stepK) = (place(1, 0, 0) - origin, place(0, 1, 0) - origin, place(0, 0, 1) - origin)
        let (depth, height, width) = (source.size[0], source.size[1], source.size[2])
        var voxels = [Int16](repeating: 0, count: geometry.count)
        var at = 0
        for k in 0..<geometry.size[0] {
            for j in 0..<geometry.size[1] {
                let row = origin + stepK * Double(k) + stepJ * Double(j)
                for i in 0..<geometry.size[2] {
                    // Ties go up, as everywhere in the pipeline.
                    let p = (row + stepI * Double(i) + 0.5).rounded(.down)
                    if p.x >= 0, p.y >= 0, p.z >= 0, p.x < Double(width), p.y < Double(height), p.z < Double(depth) {
                        voxels[at] = labels.voxels[(Int(p.z) * height + Int(p.y)) * width + Int(p.x)]
                    }
                    at += 1
                }
            }
        }
        return LabelMap(geometry: geometry, voxels: voxels)
    }
}
