import Glibc
import Loop

/// The processes of one run: a back and its fronts, or the C program in their place, and the load generators.
///
/// They hold the reading end of a lifeline whose writing end is ours alone: however this process ends, they end too.
package final class BenchCluster {
    /// What serves the clients.
    package enum Subject: String, Codable {
        case product, reference
    }

    package let loop: EventLoop
    private(set) var servers: [BenchChild] = []
    private(set) var backs: [BenchChild] = []
    private(set) var generators: [BenchGenerator] = []
    private let executable: String
    private var lifeline: (reading: Int32, writing: Int32)
    private static let startMilliseconds: UInt64 = 10_000
    private static let askMilliseconds: UInt64 = 20

    package init(on loop: EventLoop, executable: String) throws {
        self.loop = loop
        self.executable = executable
        lifeline = try Descriptors.pipe()
    }

    deinit { cutLifeline() }

    var everyone: [BenchChild] { servers + generators.map(\.child) + backs }

    /// The back, where there is one.
    var back: BenchChild? { backs.first }

    /// Starts backs, each by its entry and that entry's arguments, and fronts, and waits until all of them listen and the fronts
    /// have reached the backs.
    func startProduct(_ entries: [[String]], fronts: Int) throws {
        let folder = try BenchFolder.make()
        defer { folder.remove() }
        for (place, entry) in entries.enumerated() {
            let name = "back-\(place + 1)"
            backs.append(
                try child(
                    name, entry + ["--listen", "127.0.0.1:0", "--key-file", folder.keyFile, "--name", name]))
        }
        let addresses = try backs.flatMap { ["--back", try address(of: $0)] }
        for number in 1...fronts {
            servers.append(
                try child(
                    "front-\(number)",
                    [
                        "bench-front", "--listen", "127.0.0.1:0", "--key-file", folder.keyFile, "--name",
                        "front-\(number)",
                    ] + addresses))
        }
        for front in servers {
            _ = try self.address(of: front)
            // A front without a hub learns from its backs what channels there are; before that it refuses readers.
            try wait(Self.startMilliseconds, "\(front.name) did not reach the backs within 10 s") {
                front.port.flatMap(FrontFigures.ask)?.gauges?["open_trunks"] == Double(entries.count)
            }
        }
    }

    /// Starts a C program, by its name and arguments, and waits until it listens. It stands for the back or for a front.
    func startReference(_ words: [String], isBack: Bool = false) throws {
        let path = BenchExecutable.beside(executable, words.first ?? "")
        guard access(path, X_OK) == 0 else {
            throw BenchFailure("there is no \(path); 'swift build -c release' makes it")
        }
        let server = try BenchChild(
            isBack ? "sink" : "reference", path, Array(words.dropFirst()), lifeline: lifeline.reading, on: loop)
        if isBack { backs.append(server) } else { servers.append(server) }
        _ = try self.address(of: server)
    }

    /// Starts one back without fronts and waits until it listens.
    func startBack(_ entry: [String]) throws -> BenchChild {
        let folder = try BenchFolder.make()
        defer { folder.remove() }
        let back = try child("back-1", entry + ["--listen", "127.0.0.1:0", "--key-file", folder.keyFile])
        backs.append(back)
        _ = try address(of: back)
        return back
    }

    /// Starts a hub, which starts others in turn; all of them watch our lifeline.
    func startHub(_ words: [String]) throws { servers.append(try child("hub", words)) }

    /// Starts a C program, by its name and arguments, and waits for its first line.
    func startProgram(_ words: [String]) throws -> BenchChild {
        try startReference(words, isBack: true)
        return backs[backs.count - 1]
    }

    /// Starts the load generators, each by its entry and arguments, and waits until every client has got its first state.
    func startGenerators(_ all: [[String]], clients: Int, _ progress: Progress) throws {
        let addresses = servers.compactMap(\.address)
        for (place, arguments) in all.enumerated() {
            // Each begins with another server, so that few clients on many generators spread over all.
            let turned = (0..<addresses.count).map { addresses[($0 + place) % addresses.count] }
            generators.append(
                try BenchGenerator(
                    "clients-\(place + 1)", executable, arguments + turned, lifeline: lifeline.reading, on: loop))
        }
        let bound = Self.startMilliseconds + UInt64(clients) * 10
        try wait(bound, "the clients did not all get in within \(bound / 1000) s") { [self] in
            let joined = generators.reduce(0) { $0 + $1.joinedCount }
            progress.say("connecting: \(joined) of \(clients) clients are in")
            return joined == clients
        }
    }

    /// Runs turns until an instant of CLOCK_MONOTONIC.
    func wait(until instant: UInt64) throws {
        var hasCome = false
        let timer = try GridTimer(on: loop) { hasCome = true }
        defer { timer.close() }
        timer.arm(atNanoseconds: instant)
        let now = loop.nowNanoseconds
        let left = instant > now ? (instant - now) / 1_000_000 : 0
        try wait(left + 5000, "the clock did not come to the measurement's edge") { hasCome }
    }

    /// Runs turns until the condition holds. Throws when the bound passes, or a process has ended or failed.
    package func wait(_ milliseconds: UInt64, _ otherwise: String, until condition: () -> Bool) throws {
        var trouble: String?
        // Some conditions come true outside this loop: they are asked again and again.
        var again: Timer?
        let timer = try Timer(on: loop) { again?.arm(afterMilliseconds: Self.askMilliseconds) }
        again = timer
        timer.arm(afterMilliseconds: Self.askMilliseconds)
        defer {
            again = nil
            timer.close()
        }
        let held = try loop.runTurns(
            until: {
                trouble = self.trouble
                return trouble != nil || condition()
            }, withinMilliseconds: milliseconds)
        if let trouble { throw BenchFailure(trouble) }
        if !held { throw BenchFailure(otherwise) }
    }

    /// Lets the processes end by themselves; ends those that do not.
    package func stop() {
        cutLifeline()
        let all = everyone
        let ended = try? loop.runTurns(until: { all.allSatisfy { $0.end != nil } }, withinMilliseconds: 3000)
        guard ended != true else { return }
        for child in all where child.end == nil { child.kill() }
        _ = try? loop.runTurns(until: { all.allSatisfy { $0.end != nil } }, withinMilliseconds: 3000)
    }

    private var trouble: String? {
        if let generator = generators.first(where: { $0.failure != nil }) { return generator.failure }
        guard let child = everyone.first(where: { $0.end != nil }) else { return nil }
        return "\(child.name) \(child.end ?? "") before the measurement was over; its messages stand above"
    }

    private func child(_ name: String, _ arguments: [String]) throws -> BenchChild {
        try BenchChild(name, executable, arguments, lifeline: lifeline.reading, on: loop)
    }

    private func address(of child: BenchChild) throws -> String {
        try wait(Self.startMilliseconds, "\(child.name) did not say where it listens within 10 s") {
            child.address != nil
        }
        return child.address ?? ""
    }

    private func cutLifeline() {
        guard lifeline.writing >= 0 else { return }
        Descriptors.close(lifeline.writing)
        Descriptors.close(lifeline.reading)
        lifeline = (-1, -1)
    }
}
