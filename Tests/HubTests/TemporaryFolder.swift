import FoundationEssentials
import Glibc
import Hub

/// A folder of its own for one test, removed with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hubtest-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError("no temporary folder") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The lines of a file in it; none if it does not exist.
    func lines(_ name: String) -> [String] {
        let bytes = (try? Files.read("\(path)/\(name)")).flatMap { $0 } ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// An executable shell script in it.
    func script(_ name: String, _ body: String) throws -> String {
        let file = "\(path)/\(name)"
        try Files.replace(file, with: Array("#!/bin/sh\n\(body)\n".utf8), isSynced: false)
        chmod(file, 0o700)
        return file
    }
}
