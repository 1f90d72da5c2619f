public import Foundation
import UNETRVolumes

/// Tiny data sets on disk.
public enum TinyData {
    /// Balls in noise: images/ and labels/.
    public static func dataset(in folder: URL, cases: Int = 6) throws -> URL {
        let root = folder.appending(path: "balls")
        for number in 0..<cases {
            let (scan, labels) = TinyModel.ball(number)
            try NIfTI.write(scan: scan, to: try make(root, "images").appending(path: "case_\(number).nii.gz"))
            try NIfTI.write(labels: labels, to: try make(root, "labels").appending(path: "case_\(number).nii.gz"))
        }
        return root
    }

    private static func make(_ root: URL, _ name: String) throws -> URL {
        let folder = root.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}
