import Glibc

/// A file operation that failed, in words for an operator.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// What was being done, with the reason that `errno` holds.
    static func current(_ what: String) -> FileError { FileError("\(what): \(String(cString: strerror(errno)))") }
}

/// Small files, whole. The hub's only way to the file system.
package enum Files {
    /// The bytes of a file; nil if there is none.
    package static func read(_ path: String, byteLimit: Int = 1 << 20) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .current("cannot read \(path)")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .current("cannot read \(path)") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= byteLimit else { throw FileError("\(path) is larger than \(byteLimit) bytes") }
        }
    }

    /// Replaces a file as a whole: whoever reads it, also after a crash, finds the old or the new bytes.
    ///
    /// - Parameter isSynced: wait until the bytes and the name are on the disk.
    package static func replace(_ path: String, with bytes: [UInt8], isSynced: Bool) throws(FileError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .current("cannot write \(temporary)") }
        do throws(FileError) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, temporary)
            if isSynced, fsync(descriptor) != 0 { throw .current("cannot sync \(temporary)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw .current("cannot replace \(path)") }
        if isSynced { try syncFolder(of: path) }
    }

    /// Makes a folder for us alone (0700), with those above it as needed. One that is there must be ours.
    package static func makePrivateFolder(_ path: String) throws(FileError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part + "/"
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST || errno == EISDIR else {
                throw .current("cannot make the folder \(prefix)")
            }
        }
        var facts = stat()
        guard lstat(path, &facts) == 0 else { throw .current("cannot look at \(path)") }
        guard facts.st_mode & S_IFMT == S_IFDIR else { throw FileError("\(path) is not a folder") }
        guard facts.st_uid == geteuid() else { throw FileError("the folder \(path) belongs to another user") }
        guard facts.st_mode & 0o022 == 0 else {
            throw FileError("others may write into the folder \(path); 'chmod go-w \(path)' first")
        }
    }

    /// Whether this is a file that we may run: a path, or a name to be found in PATH.
    package static func isExecutable(_ command: String) -> Bool {
        if command.contains("/") { return isExecutableFile(command) }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { isExecutableFile("\($0)/\(command)") }
    }

    /// What a folder holds, without `.` and `..`; nothing if it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Where a symbolic link points; nil if it is none, or not ours to read.
    package static func linked(_ path: String) -> String? {
        var target = [UInt8](repeating: 0, count: 4096)
        let count = target.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
        }
        return count > 0 ? String(decoding: target[..<count], as: UTF8.self) : nil
    }

    /// The path without links and dots; as it is if it does not exist.
    package static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func isExecutableFile(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .current("cannot write \(path)") }
            offset += count
        }
    }

    private static func syncFolder(of path: String) throws(FileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .current("cannot open \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .current("cannot sync \(folder)") }
    }
}
