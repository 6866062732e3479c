import Glibc

/// A folder of the rig's own below the system's temporary one, for this user only. Short, because socket paths are.
struct Folder {
    let path: String

    static func make() throws(RigFailure) -> Folder {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hub-rig-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw RigFailure("no folder below \(parent): \(String(cString: strerror(errno))); set TMPDIR to another")
        }
        return Folder(path: template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }

    /// Removes it and all that is in it.
    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                if unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
            }
            closedir(listing)
        }
        rmdir(path)
    }
}
