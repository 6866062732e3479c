import Foundation

/// The few things that tests do with files.
enum Files {
    static func text(_ path: String) -> String {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A new folder under the system's temporary one, with a short name: UNIX socket paths have about a hundred bytes.
    static func temporaryFolder() throws -> String {
        let path = "/tmp/sb-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// The executable of this name beside the test bundle, or why it is not there.
    static func executable(_ name: String) throws -> String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let folders = [bundle, try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
            .compactMap { $0 }.map { ($0 as NSString).deletingLastPathComponent }
        for folder in folders where FileManager.default.isExecutableFile(atPath: folder + "/" + name) {
            return folder + "/" + name
        }
        throw Failure("there is no executable '\(name)' in \(folders): build all products first, as `swift build` does")
    }

    /// The processes whose environment or command line names `folder`, without this one.
    static func processes(naming folder: String) -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap(pid_t.init).filter { pid in
            guard pid != getpid(), startsWithState(pid) else { return false }
            return ["environ", "cmdline"].contains { text("/proc/\(pid)/\($0)").contains(folder) }
        }
    }

    /// Stops a process with SIGSTOP and waits until each of its threads stands: on a busy machine some run on for a while.
    static func stop(_ pid: pid_t) throws {
        kill(pid, SIGSTOP)
        let bound = Bound(.seconds(10))
        while true {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            let isStanding = threads.allSatisfy { thread in
                let stat = text("/proc/\(pid)/task/\(thread)/stat")
                return stat.lastIndex(of: ")").map { stat[$0...].hasPrefix(") T") } ?? true
            }
            if isStanding { return }
            guard !bound.isOver else { throw Failure("process \(pid) does not stop") }
            Wire.await([], Bound(.milliseconds(1)))
        }
    }

    /// Alive, and not a zombie that somebody has yet to collect.
    private static func startsWithState(_ pid: pid_t) -> Bool {
        let stat = text("/proc/\(pid)/stat")
        guard let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }
}
