public import Foundation

/// The files of a folder at any depth.
///
/// Foundation's enumerator asks the system for owner, group and attributes of every file on Linux, which takes longer than to read the header of a DICOM file.
public enum FolderFiles {
    /// Regular files below a folder, and links to such, by their paths from there, in order of names.
    ///
    /// Hidden ones are passed over. Links to folders are not followed, which could lead anywhere and around in circles; `folder` may be one.
    /// - Throws: `FileError` for a folder that cannot be read.
    public static func below(_ folder: URL) throws -> [String] {
        var files: [String] = [], folders = [""]
        while let path = folders.popLast() {
            let place = path.isEmpty ? folder.path : folder.path + "/" + path
            try forEachEntry(of: place) { name, kind in
                let own = path.isEmpty ? name : path + "/" + name
                switch kind == DT_UNKNOWN ? self.kind(of: folder.path + "/" + own) : kind {
                case Int(DT_DIR): folders.append(own)
                case Int(DT_REG): files.append(own)
                case Int(DT_LNK): if isFile(folder.path + "/" + own) { files.append(own) }
                default: break
                }
            }
        }
        return files.sorted()
    }

    /// Calls `body` with the name of each entry that is not hidden, and its kind, such as `DT_REG`.
    private static func forEachEntry(of folder: String, _ body: (String, Int) -> Void) throws {
        func failure() -> FileError { FileError(path: folder, problem: "the folder cannot be read: \(String(cString: strerror(errno)))") }
        guard let list = opendir(folder) else { throw failure() }
        defer { closedir(list) }
        while true {
            errno = 0
            guard let entry = readdir(list) else {
                guard errno == 0 else { throw failure() }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { body(name, Int(entry.pointee.d_type)) }
        }
    }

    /// What an entry is whose folder does not say it, as on some file systems.
    private static func kind(of path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return Int(DT_UNKNOWN) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return Int(DT_DIR)
        case S_IFREG: return Int(DT_REG)
        case S_IFLNK: return Int(DT_LNK)
        default: return Int(DT_UNKNOWN)
        }
    }

    private static func isFile(_ link: String) -> Bool {
        var status = stat()
        return stat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
