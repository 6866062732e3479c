import Glibc

/// A temporary folder, for this user only, with a cluster key in it.
struct BenchFolder {
    let path: String
    var keyFile: String { path + "/key" }

    static func make() throws(BenchFailure) -> BenchFolder {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/switchback-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchFailure("no folder below \(parent): \(String(cString: strerror(errno))); set TMPDIR to another")
        }
        let folder = BenchFolder(path: template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        var dice = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        let key = (0..<64).map { _ in digits[Int(dice.next() & 15)] }
        let descriptor = open(folder.keyFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard descriptor >= 0, write(descriptor, key, key.count) == key.count else {
            throw BenchFailure("the key could not be written to \(folder.path)")
        }
        return folder
    }

    /// Removes the folder and the files in it.
    func remove() { Self.remove(path, isDeep: false) }

    /// Removes the folder and all below it.
    func removeAll() { Self.remove(path, isDeep: true) }

    private static func remove(_ path: String, isDeep: Bool) {
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
                if isFolder, isDeep { remove(path + "/" + name, isDeep: true) } else { unlink(path + "/" + name) }
            }
            closedir(listing)
        }
        rmdir(path)
    }
}
