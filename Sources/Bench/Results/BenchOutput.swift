import Glibc

/// Where a result goes: a table or JSON on standard output, and a page of plots in a file if one is wanted.
struct BenchOutput {
    let name: String
    let arguments: [String]
    private(set) var wantsHelp = false
    private var wantsJSON = false
    private var reportPath: String?

    init(name: String, arguments: [String]) {
        self.name = name
        self.arguments = arguments
    }

    /// Takes the flags that every benchmark has; false for any other.
    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--json": wantsJSON = true
        case "--help", "-h": wantsHelp = true
        case "--report": reportPath = try flags.text()
        default: return false
        }
        return true
    }

    /// Prints and writes. Answers the exit code.
    func put(_ result: some BenchResult) throws -> Int32 {
        print(wantsJSON ? try JSONOutput.text(of: result) : result.table, terminator: "")
        if let reportPath { try write(result, to: reportPath) }
        return result.isComplete ? 0 : 1
    }

    private func write(_ result: some BenchResult, to path: String) throws {
        let page = ReportPage(
            title: "hub bench \(name)", command: (["hub bench", name] + arguments).joined(separator: " "),
            machine: Machine.text, table: result.table, plots: result.plots)
        let bytes = Array(page.html.utf8)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw BenchFailure("the report could not be written to \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
            guard count > 0 else { throw BenchFailure("the report could not be written to \(path)") }
            offset += count
        }
    }
}

/// The machine that was measured on, in a line.
enum Machine {
    static var text: String {
        var model = "unknown processor"
        if let file = fopen("/proc/cpuinfo", "r") {
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
                model = String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\n" })
                break
            }
        }
        var loads = [0.0, 0.0, 0.0]
        getloadavg(&loads, 3)
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, \(model), load \(FigureText.fixed(loads[0], 1))"
    }
}
