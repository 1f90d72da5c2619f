import Testing
import UNETRSupport
import UNETRVolumes

@Suite struct GeometryTests {
    private func geometry(_ rows: [[Double]], size: Size3 = [4, 3, 2], spacing: [Double] = [1, 1, 1]) -> Geometry {
        Geometry(size: size, affine: rows + [[0, 0, 0, 1]], spacing: spacing)
    }

    /// Expected letters are those of nibabel's `aff2axcodes` for the same matrices.
    @Test func orientationIsNamedAsNibabelNamesIt() {
        #expect(geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).orientation == "RAS")
        #expect(geometry([[-2, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72]]).orientation == "LAS")
        #expect(geometry([[0, 0, 2.4, 0], [2.4, 0, 0, 0], [0, -2.4, 0, 0]]).orientation == "AIR")
        // 30° about x and then 20° about z, k downwards.
        #expect(geometry([[0.94, -0.296, -0.171, 0], [0.342, 0.814, 0.47, 0], [0, 0.5, -0.866, 0]]).orientation == "RAI")
        // Two columns nearest to the same axis: nibabel's answer for this shear too.
        #expect(geometry([[1, 0.9, 0, 0], [0.2, 0.5, 0, 0], [0, 0, 1, 0]]).orientation == "RAS")
        #expect(geometry([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]]).orientation == nil)
    }

    @Test func positionsAndIndicesAreInverse() {
        let oblique = geometry([[0, -1.5, 0.1, 10], [0.2, 0, 2, -3], [-0.5, 0, 0, 7]])
        let position = oblique.position(i: 1, j: 2, k: 3)
        // Row by row: −1.5·2 + 0.1·3 + 10; 0.2·1 + 2·3 − 3; −0.5·1 + 7.
        #expect(abs(position.x - 7.3) < 1e-12 && abs(position.y - 3.2) < 1e-12 && abs(position.z - 6.5) < 1e-12)
        let index = oblique.index(x: position.x, y: position.y, z: position.z)!
        #expect(abs(index.i - 1) < 1e-12 && abs(index.j - 2) < 1e-12 && abs(index.k - 3) < 1e-12)
    }

    @Test func aVoxelHasAVolume() {
        let oblique = geometry([[0, -1.5, 0.1, 10], [0.2, 0, 2, -3], [-0.5, 0, 0, 7]])
        // Expanding along the third row: −0.5 · ((−1.5)·2 − 0.1·0) = 1.5 mm³.
        #expect(abs(oblique.determinant - 1.5) < 1e-12)
        #expect(abs(oblique.voxelMillilitres - 0.0015) < 1e-15)
    }

    @Test func problemsAreNamed() {
        #expect(geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).problem == nil)
        #expect(geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]).problem!.contains("singular"))
        #expect(geometry([[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]]).isSingular)
        // Axes that are a thirtieth of a degree apart say no more about where voxels lie than parallel ones; three degrees do.
        #expect(geometry([[1, 0, 0, 0], [0, 1, 1, 0], [0, 5e-4, 0, 0]]).isSingular)
        #expect(!geometry([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0.05, 0, 0]]).isSingular)
        #expect(geometry([[1e-3, 0, 0, 0], [0, 1e-3, 0, 0], [0, 0, 1e-3, 0]]).problem == nil)  // small is not singular
        #expect(geometry([[.nan, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).problem!.contains("not finite"))
        #expect(geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], spacing: [1, 0, 1]).problem!.contains("not positive"))
        #expect(geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], size: [0, 1, 1]).problem!.contains("without voxels"))
    }

    @Test func aDifferenceIsDescribed() {
        let one = geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
        var other = one
        other.affine[0][3] = 5e-4
        #expect(one.isApproximatelyEqual(to: other))
        #expect(!one.isApproximatelyEqual(to: other, tolerance: 1e-4))
        other = one
        other.spacing = [3, 1, 1]
        #expect(other.difference(from: one) == "the spacing [D, H, W] is [3.0, 1.0, 1.0] mm, expected [1.0, 1.0, 1.0] mm")
        other.size = [4, 3, 3]
        #expect(other.difference(from: one) == "the size [D, H, W] is [4, 3, 3], expected [4, 3, 2]")
        other = one
        other.affine[2][2] = .nan
        #expect(other.difference(from: one) != nil)
    }

    @Test func aRegionKeepsItsPlace() {
        let whole = Volume<Float>(
            geometry: geometry([[0, -1.5, 0, 10], [0, 0, 2, -3], [-0.5, 0, 0, 7]]), channels: 2, voxels: (0..<48).map(Float.init))
        let part = whole.cropped(to: [1..<3, 2..<3, 1..<2])
        #expect(part.geometry.size == [2, 1, 1])
        #expect(part.voxels == [11, 17, 35, 41])  // ((c·4 + d)·3 + 2)·2 + 1
        let (here, there) = (part.geometry.position(i: 0, j: 0, k: 1), whole.geometry.position(i: 1, j: 2, k: 2))
        #expect(here == there)
    }

    @Test func labelsAreCountedAndMeasured() {
        let map = LabelMap(
            geometry: geometry([[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]]), voxels: (0..<24).map { $0 < 5 ? 2 : $0 == 9 ? -1 : 0 })
        #expect(map.labelCounts == [0: 18, 2: 5, -1: 1])
        #expect(map.millilitres(of: 2) == 0.04)
        #expect(map.millilitres(of: 7) == 0)
    }

    @Test func volumesStackOnlyOnOneGrid() throws {
        let one = Volume<Float>(geometry: geometry([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]), voxels: [Float](repeating: 1, count: 24))
        var two = one
        two.voxels[3] = 7
        let stack = try Volume.stacked([one, two])
        #expect(stack.channels == 2)
        #expect(stack.channel(1).voxels == two.voxels)
        two.geometry.affine[0][3] = 1
        #expect(throws: VolumeError.self) { try Volume.stacked([one, two]) }
    }
}
