import Foundation

/// What `hub-rig` answered.
struct Run {
    let code: Int32
    let output: String
    let errors: String
    /// The members of its JSON; empty if it wrote none.
    let members: [String: Any]

    /// Runs the executable that was built beside the tests. It ends by itself; whatever it started hangs on it.
    init(_ arguments: [String]) throws {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folders = [bundle, own].compactMap { $0 }.map { ($0 as NSString).deletingLastPathComponent }
        let paths = folders.map { $0 + "/hub-rig" }
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            throw Missing(description: "no hub-rig in \(folders): build all products first")
        }
        let process = Process()
        let (output, errors) = (Pipe(), FileManager.default.temporaryDirectory.path + "/rig-\(UUID()).log")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        code = process.terminationStatus
        self.output = String(decoding: bytes, as: UTF8.self)
        self.errors = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(atPath: errors)
        members = (try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any] ?? [:]
    }

    struct Missing: Error, CustomStringConvertible { let description: String }

    func figure(_ name: String) -> Double {
        ((members["figures"] as? [String: Any])?[name] as? NSNumber)?.doubleValue ?? -1
    }

    /// The promises that were broken, in words.
    var broken: [String] {
        ((members["promises"] as? [[String: Any]]) ?? []).filter { $0["held"] as? Bool != true }.map { "\($0)" }
    }

    var story: String { "code \(code)\n\(output)\n\(errors)" }
}
