import Foundation
import Glibc
import Testing

/// What a test asks of a running cluster.
extension Cluster {
    /// `/status.json` of some front.
    func status() throws -> Members { try .parse(try HTTP.get("/status.json", port).body) }

    /// Asks for the status until it is as wished, with a bound; answers that status.
    @discardableResult
    func awaitStatus(
        _ wish: String, within duration: Duration = .seconds(10), _ isReached: (Members) throws -> Bool
    ) throws -> Members {
        let bound = Bound(duration)
        var last: Members = [:]
        while !bound.isOver {
            last = (try? status()) ?? [:]
            if (try? isReached(last)) == true { return last }
            Wire.await([], Bound(.milliseconds(20)))
        }
        throw Failure("the status does not become: \(wish). It is \(last.canonical)")
    }

    func process(_ name: String) throws -> Members {
        guard let found = try status().list("processes").first(where: { try $0.text("name") == name }) else {
            throw Failure("no process '\(name)'")
        }
        return found
    }

    func pid(of name: String) throws -> pid_t { pid_t(try process(name).number("pid")) }

    /// The front that serves a session.
    func front(of session: String) throws -> String {
        var front = ""
        try awaitStatus("session \(session) is listed") { status in
            guard let client = try status.list("clients").first(where: { try $0.text("session") == session }) else {
                return false
            }
            front = try client.text("front")
            return true
        }
        return front
    }

    /// Two clients that read a channel through each of these fronts, so that each keeps its past.
    ///
    /// Who accepts a connection is for the kernel to say; so the other fronts stand still while one takes its own.
    func bystanders(_ channel: String, fronts: Int = 2) throws -> [TextClient] {
        let pids = try (1...fronts).map { try pid(of: "front-\($0)") }
        let clients = try pids.flatMap { pid in
            defer { for other in pids { kill(other, SIGCONT) } }
            for other in pids where other != pid { try Files.stop(other) }
            return try (0..<2).map { _ in try TextClient.ready(port, channel) }
        }
        try awaitStatus("a link of each front is listed") { status in
            let entry = try status.list("channels").first { try $0.text("id") == channel }
            return try entry?.number("links") ?? 0 >= fronts
        }
        return clients
    }

    /// A channel as the status shows it; nil if it does not.
    func channel(_ id: String) throws -> Members? {
        try status().list("channels").first { try $0.text("id") == id }
    }

    /// The sum of a metric over all processes, of samples whose labels contain `label`.
    func metric(_ name: String, _ label: String = "") throws -> Double {
        try HTTP.get("/metrics", port).text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix("switchback_\(name){"), label.isEmpty || line.contains(label) else { return sum }
            return sum + (Double(line.split(separator: " ").last ?? "") ?? 0)
        }
    }

    /// Waits until a metric, which processes report each second, has grown beyond `old`.
    func awaitMetric(_ name: String, _ label: String = "", above old: Double) throws {
        let bound = Bound(.seconds(5))
        while !bound.isOver {
            if try metric(name, label) > old { return }
            Wire.await([], Bound(.milliseconds(50)))
        }
        let page = try HTTP.get("/metrics", port).text.split(separator: "\n").filter {
            $0.contains("switchback_\(name)")
        }
        throw Failure("\(name){\(label)} does not grow beyond \(old): \(page.joined(separator: "\n"))")
    }

    /// Asks a fixture back over its control socket.
    func control(_ back: String, _ line: String) throws -> String {
        let wire = try Wire.unix("\(folder)/run/\(back).control")
        try wire.send(Array((line + "\n").utf8))
        return String(decoding: try wire.rest().dropLast(), as: UTF8.self)
    }

    /// The back's own word on a channel: its version and its canonical bytes as hex.
    func backState(_ back: String, _ channel: String) throws -> (version: UInt64, bytes: String) {
        let words = try control(back, "state \(channel)").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, let version = UInt64(words[0]) else {
            throw Failure("no state of \(channel): \(words)")
        }
        return (version, String(words[1]))
    }
}
