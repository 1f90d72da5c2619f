import Foundation
import UNETRArchitectures
import UNETRNetworks
import UNETRTorch
import UNETRVolumes

// A tensor: libtorch is compiled against, linked and found at run time.
let six = try Tensor.full([1, 3], 2).matmul(Tensor.full([3, 1], 1))
print("2 + 2 + 2 =", try six.array(of: Float.self)[0])

// A scan of 16 × 32 × 32 voxels and the mask of a tiny UNETR++ with random weights.
var settings = UNETRPlusPlusConfiguration(.synapse)
settings.patchSize = [16, 32, 32]
settings.featureSize = 8
settings.classes = 3
try Runtime.seed(1)
let network = try UNETRPlusPlus(settings)
let geometry = Geometry(
    size: settings.patchSize, affine: [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]], spacing: [2, 1, 1])
let scan = Scan(geometry: geometry, voxels: (0..<geometry.count).map { Float($0 % 32) / 32 })
let logits = try withoutGradients { try network(Tensor(scan.voxels, shape: [1, 1] + geometry.size), deepSupervision: false)[0] }
let winners = try logits.argmax(1).array(of: Int64.self)
let mask = LabelMap(geometry: geometry, voxels: winners.map { Int16($0) })
let ofClassOne = String(format: "%.2f", mask.millilitres(of: 1))
print("libtorch \(Runtime.version), logits \(logits.shape), \(geometry.orientation ?? "?") mask with \(ofClassOne) ml of class 1")
