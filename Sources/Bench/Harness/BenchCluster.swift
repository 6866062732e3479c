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
    private(set) var back: BenchChild?
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

    var everyone: [BenchChild] { servers + generators.map(\.child) + (back.map { [$0] } ?? []) }

    /// Starts the back and the fronts, or the reference, and waits until all of them listen.
    func startServers(_ subject: Subject, _ options: FanOutOptions) throws {
        switch subject {
        case .product:
            let folder = try BenchFolder.make()
            defer { folder.remove() }
            let back = try child(
                "back-1",
                [
                    "bench-back", "\(options.hz)", "\(options.bytes)", "--listen", "127.0.0.1:0", "--key-file",
                    folder.keyFile,
                ])
            self.back = back
            let address = try self.address(of: back)
            for number in 1...options.fronts {
                let front = try child(
                    "front-\(number)",
                    [
                        "bench-front", "--listen", "127.0.0.1:0", "--back", address, "--key-file", folder.keyFile,
                        "--name", "front-\(number)",
                    ])
                servers.append(front)
            }
            for front in servers {
                _ = try self.address(of: front)
                // A front without a hub learns from its back what channels there are; before that it refuses readers.
                try wait(Self.startMilliseconds, "\(front.name) did not reach the back within 10 s") {
                    front.port.flatMap(FrontFigures.ask)?.gauges?["open_trunks"] == 1
                }
            }
        case .reference:
            let path = BenchExecutable.beside(executable, "fanout-reference")
            guard access(path, X_OK) == 0 else {
                throw BenchFailure("there is no \(path); 'swift build -c release' makes it")
            }
            let server = try BenchChild(
                "reference", path, ["--hz", "\(options.hz)", "--bytes", "\(options.bytes)"],
                lifeline: lifeline.reading, on: loop)
            servers.append(server)
            _ = try self.address(of: server)
        }
    }

    /// Starts the load generators and waits until every client has got its first state.
    func startClients(_ options: FanOutOptions, _ progress: Progress) throws {
        let addresses = servers.compactMap(\.address)
        let count = options.generatorCount
        for number in 0..<count {
            let share = options.clients / count + (number < options.clients % count ? 1 : 0)
            // Each begins with another server, so that few clients on many generators spread over all.
            let turned = (0..<addresses.count).map { addresses[($0 + number) % addresses.count] }
            generators.append(
                try BenchGenerator(
                    "clients-\(number + 1)", executable, clients: share, rowByteCount: options.bytes, turned,
                    lifeline: lifeline.reading, on: loop))
        }
        let bound = Self.startMilliseconds + UInt64(options.clients) * 10
        try wait(bound, "the clients did not all get in within \(bound / 1000) s") { [self] in
            let joined = generators.reduce(0) { $0 + $1.joinedCount }
            progress.say("connecting: \(joined) of \(options.clients) clients are in")
            return joined == options.clients
        }
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

/// Where this program and those built with it are.
package enum BenchExecutable {
    /// This process's own file.
    package static var own: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return CommandLine.arguments[0] }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static func beside(_ path: String, _ name: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }
}
