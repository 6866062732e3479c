import Core
import Glibc

/// One run of a job, as the worker that did it wrote it down.
package struct Build: Sendable, Equatable {
    package enum Outcome: String, Sendable {
        case done, failed
        /// It answered after its time limit, on purpose.
        case late
    }

    package var address: JobAddress
    /// Of the run: a later one has a greater.
    package var token: UInt64
    package var attempt: Int
    package var pid: pid_t
    /// On the machine's monotonic clock, in nanoseconds.
    package var startedAt: UInt64
    /// Nil: its process was killed first.
    package var end: (at: UInt64, outcome: Outcome)?

    package init(
        address: JobAddress, token: UInt64, attempt: Int, pid: pid_t, startedAt: UInt64,
        end: (at: UInt64, outcome: Outcome)? = nil
    ) {
        (self.address, self.token, self.attempt, self.pid) = (address, token, attempt, pid)
        (self.startedAt, self.end) = (startedAt, end)
    }

    package static func == (left: Build, right: Build) -> Bool {
        left.token == right.token && left.pid == right.pid && left.startedAt == right.startedAt
    }
}

/// The file in which all workers of a run write what they do: a line at the start of a build and one at its end, each written at
/// once, so that a kill leaves whole lines.
package struct BuildLog: Sendable {
    private let descriptor: Int32

    /// Opens the file for a worker; nil if that cannot be.
    init?(_ path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
    }

    func began(_ address: JobAddress, token: UInt64, attempt: Int) {
        write("S \(token) \(getpid()) \(Wait.nowNanoseconds) \(attempt) \(address.kind) \(address.key)")
    }

    func ended(token: UInt64, _ outcome: Build.Outcome) {
        write("E \(token) \(getpid()) \(Wait.nowNanoseconds) \(outcome.rawValue)")
    }

    private func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }

    /// What was written, in the order of the starts. A line that makes no sense is none.
    package static func builds(_ text: String) -> [Build] {
        var builds: [Build] = []
        var places: [UInt64: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 5, let token = UInt64(words[1]), let pid = pid_t(words[2]), let at = UInt64(words[3])
            else { continue }
            if words[0] == "S", words.count == 7, let attempt = Int(words[4]) {
                places[token] = builds.count
                builds.append(
                    Build(
                        address: JobAddress(words[5], words[6]), token: token, attempt: attempt, pid: pid,
                        startedAt: at))
            } else if words[0] == "E", let place = places[token], let outcome = Build.Outcome(rawValue: words[4]) {
                builds[place].end = (at, outcome)
            }
        }
        return builds.sorted { ($0.startedAt, $0.token) < ($1.startedAt, $1.token) }
    }
}
