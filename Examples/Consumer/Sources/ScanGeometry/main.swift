import UNETRVolumes

// What a program that only handles scans needs: the product Volumes, and no libtorch.
let geometry = Geometry(
    size: [16, 32, 32], affine: [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]], spacing: [2, 1, 1])
print("orientation \(geometry.orientation ?? "unknown"), \(geometry.voxelMillilitres) ml a voxel")
