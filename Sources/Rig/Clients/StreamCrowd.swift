import ChannelClient
import Core
import Loop
import State

/// Many clients on one loop's thread who only read one stream, as fast as it comes.
final class StreamCrowd: ClientShellDelegate {
    private static let checkedEvery: UInt64 = 64

    private let loop: EventLoop
    private let group: ClientGroup
    private let channel: String
    private var clients: [ClientShell] = []
    private var places: [ObjectIdentifier: Int] = [:]
    private var commitCounts: [UInt64]
    private var checks: [StreamCheck]
    private var breaches = Breaches()

    private init(_ loop: EventLoop, _ port: UInt16, _ channel: String, count: Int, seed: UInt64) throws {
        self.loop = loop
        self.channel = channel
        group = ClientGroup(on: loop)
        commitCounts = Array(repeating: 0, count: count)
        checks = Array(repeating: StreamCheck(), count: count)
        guard let address = SocketAddress("127.0.0.1:\(port)") else { throw RigFailure("no address") }
        var dice = Dice(seed: seed)
        for number in 0..<count {
            let transport: ClientTransport =
                number.isMultiple(of: 2) ? .plain : .webSocket(host: "127.0.0.1:\(port)", path: "/connect")
            let client = ClientShell(
                in: group, to: address, settings: ClientSettings(transport: transport), seed: dice.next())
            places[ObjectIdentifier(client)] = clients.count
            clients.append(client)
        }
    }

    static func start(_ port: UInt16, _ channel: String, count: Int, seed: UInt64) throws -> Confined<StreamCrowd> {
        let loop = try EventLoop()
        let confined = Confined(try StreamCrowd(loop, port, channel, count: count, seed: seed), loop.mailbox)
        confined.value.begin()
        _ = try LoopThread { confined.value.loop.run() }
        return confined
    }

    private func begin() {
        for client in clients {
            client.delegate = self
            client.start()
            do throws(ClientError) { try client.read(channel) } catch { breaches.note(.notServed, error.description) }
        }
    }

    var readyCount: Int { commitCounts.count { $0 > 0 } }

    func report() -> Work {
        var work = Work()
        work.clients = clients.count
        work.ready = readyCount
        work.commits = commitCounts.reduce(0, +)
        work.statesChecked = checks.reduce(0) { $0 + UInt64($1.commits) }
        for client in clients {
            let counters = client.core.counters
            work.connections += counters.connections
            work.gaps += counters.gaps
            work.breaches.note(.cut, "a reader of \(channel)", count: Int(clamping: counters.connections) - 1)
            work.breaches.note(.disagreement, channel, count: Int(clamping: counters.disagreements))
        }
        work.breaches.add(breaches)
        return work
    }

    func end() {
        for client in clients { client.close() }
        loop.stop()
    }

    func client(_ client: ClientShell, told event: ClientEvent) {
        guard case .committed = event, let place = places[ObjectIdentifier(client)],
            let room = client.core.room(channel)
        else { return }
        commitCounts[place] += 1
        // Each client is looked at now and then, and not all at the same tick.
        if (commitCounts[place] &+ UInt64(place)).isMultiple(of: Self.checkedEvery) {
            checks[place].look(at: room, &breaches)
        }
    }
}
