public import Foundation

extension Fixtures {
    /// Names, relative to the folder, of the files below it, hidden and temporary ones included, in their order.
    public static func files(below folder: URL) -> [String] {
        (FileManager.default.subpaths(atPath: folder.path) ?? []).filter { !isFolder(folder.appending(path: $0)) }.sorted()
    }

    /// The bytes of the files below a folder, by name.
    ///
    /// - Parameters:
    ///   - folders: whether folders are listed too, with the word "folder" for their bytes.
    ///   - isWanted: which names are looked at.
    public static func contents(of folder: URL, folders: Bool = false, where isWanted: (String) -> Bool = { _ in true }) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where isWanted(name) {
            let url = folder.appending(path: name)
            if !isFolder(url) { found[name] = try Data(contentsOf: url) } else if folders { found[name] = Data("folder".utf8) }
        }
        return found
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
