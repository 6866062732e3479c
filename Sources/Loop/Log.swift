import Glibc

/// Structured log lines on standard error, one write each: time, level, area, message, then `key=value` fields.
///
/// `2026-11-21T09:30:00.125Z warning hub process ended name=back-1 pid=4711 exit="signal 9"`
/// A value, so it is handed to whoever has something to say; it holds no lock and never waits for the reader of stderr.
package struct Log: Sendable {
    /// How much a line matters. A log writes lines of its level and above.
    package enum Level: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
        case debug, info, warning, error

        package init?(_ word: String) {
            guard let level = Self.allCases.first(where: { $0.description == word }) else { return nil }
            self = level
        }

        package var description: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        }

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// A line is cut here, so that one write is one line and a peer's text cannot flood the log.
    package static let lineByteLimit = 4096

    /// Which part of the process speaks: `hub`, `front-1`.
    package let area: String
    package let level: Level

    package init(_ area: String, level: Level = .info) {
        self.area = area
        self.level = level
    }

    /// With the level that the hub gave this process in SWITCHBACK_LOG_LEVEL; `info` without one.
    package static func fromEnvironment(_ area: String) -> Log {
        let word = getenv("SWITCHBACK_LOG_LEVEL").map { String(cString: $0) }
        return Log(area, level: word.flatMap(Level.init) ?? .info)
    }

    package func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.debug, message, fields)
    }

    package func info(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.info, message, fields)
    }

    package func warning(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.warning, message, fields)
    }

    package func error(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.error, message, fields)
    }

    /// The line as it is written, without its time and end.
    package func line(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>) -> String {
        var line = "\(level) \(area) \(Self.oneLine(message))"
        for (key, value) in fields { line += " \(key)=\(Self.quotedIfNeeded(value))" }
        return line
    }

    private func write(_ level: Level, _ message: () -> String, _ fields: KeyValuePairs<String, String>) {
        guard level >= self.level else { return }
        var bytes = Array("\(Self.timestamp()) \(line(level, message(), fields))".utf8.prefix(Self.lineByteLimit - 1))
        bytes.append(UInt8(ascii: "\n"))
        // What stderr does not take is lost: waiting would hold up the loop.
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = String(now.tv_nsec / 1_000_000 + 1000).dropFirst()
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)Z"
    }

    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        return escape(text)
    }

    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "=" }
        return isPlain ? value : "\"\(escape(value))\""
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                escaped += "\\x\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
