import Glibc
import Testing

extension ClusterTests {
    /// Fronts that are taken out of service under their clients.
    @Suite(.serialized) struct Drains {
        @Test(
            "hub drain moves every session to another front, each input applied once, and the front stays away until it is started"
        )
        func drain() throws {
            try Cluster.with { cluster in
                let (clients, front) = try crowd(cluster)
                let pid = try cluster.pid(of: front)
                let (moved, drain) = try drained(clients, cluster, [front, "--deadline", "5s"])
                #expect(try drain.end() == 0)
                let lines = try drain.text()
                #expect(lines.contains("moved, 0 cut off; it has ended"), "\(lines)")
                #expect(lines.contains("to move within 5s"), "\(lines)")
                try settled(moved, cluster)
                #expect(moved.contains { $0.isResumed == true }, "somebody was moved")
                let state = try cluster.process(front)
                #expect(try state.text("state") == "stopped")
                #expect(kill(pid_t(pid), 0) != 0, "its process is gone")
                for client in moved { #expect(try cluster.front(of: client.session) != front) }
                let start = try Spawned.run([
                    Files.executable("hub"), "start", front, "--state", cluster.folder + "/state",
                ])
                #expect(start.code == 0, "\(start.errors)")
                #expect(try cluster.process(front).text("state") == "running")
                #expect(try cluster.process(front).number("restarts") == 0)
            }
        }

        @Test("hub drain --restart brings the front back as a new process, also when it is the only one")
        func restart() throws {
            try Cluster.with(fronts: 1) { cluster in
                let client = try TextClient.ready(cluster.port, "room/1")
                let pid = try cluster.pid(of: "front-1")
                let refused = try Spawned.run(command(cluster, ["front-1"]))
                #expect(refused.code == 1)
                #expect(refused.errors.contains("the only front that runs"))
                let done = try Spawned.run(command(cluster, ["front-1", "--restart", "--deadline", "5s"]))
                #expect(done.code == 0, "\(done.output) \(done.errors)")
                _ = try? client.wait("the end") { client.socket.wire.isEnded }
                #expect(client.socket.closeCode == 1012)
                #expect(try cluster.pid(of: "front-1") != pid)
                let back = try client.resume(cluster.port, write: "room/1")
                try back.wait("it plays on") { back.grants["room/1"] != nil }
                #expect(back.grants == client.grants)
            }
        }

        @Test("What cannot be drained is said with the reason, and exits with 1; a wrong time exits with 2")
        func mistakes() throws {
            try Cluster.with { cluster in
                for (words, code, reason) in [
                    (["front-9"], Int32(1), "there is no process 'front-9'"),
                    (["back-1"], 1, "Only fronts can be drained"),
                    (["front-1", "--deadline", "soon"], 2, "'soon' is not a time"),
                ] {
                    let outcome = try Spawned.run(command(cluster, words))
                    #expect(outcome.code == code)
                    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
                }
                let nowhere = try Spawned.run([
                    try Files.executable("hub"), "drain", "front-1", "--state", cluster.folder + "/web",
                ])
                #expect(nowhere.code == 1)
                #expect(nowhere.errors.contains("no hub has run with the state folder"))
            }
        }

        /// Clients at both fronts, and the front of the first.
        private func crowd(_ cluster: Cluster) throws -> ([TextClient], String) {
            let clients =
                try cluster.bystanders("room/1") + (0..<6).map { _ in try TextClient.ready(cluster.port, "room/1") }
            return (clients, try cluster.front(of: clients[0].session))
        }

        private func command(_ cluster: Cluster, _ words: [String]) throws -> [String] {
            [try Files.executable("hub"), "drain"] + words + ["--state", cluster.folder + "/state"]
        }

        /// Drains while everyone sends 40 inputs in all; who is told to go comes back and sends again what was not acked. Goes on
        /// until the drain has ended: who had all acked before may be told to go later.
        private func drained(
            _ clients: [TextClient], _ cluster: Cluster, _ words: [String]
        ) throws -> ([TextClient], Spawned) {
            var clients = clients
            let drain = try Spawned(try command(cluster, words), errors: cluster.folder + "/drain.err")
            let bound = Bound(.seconds(30))
            while !bound.isOver {
                let hasEnded = Spawned.awaitEnd(of: drain.pid, Bound(.zero))
                for (place, client) in clients.enumerated() {
                    if client.socket.wire.isEnded {
                        let back = try client.resume(cluster.port, write: "room/1")
                        try back.wait("it may write again") { back.grants["room/1"] != nil }
                        #expect(client.socket.closeCode == 1012)
                        #expect(back.grants == client.grants, "the same grant: numbers go on")
                        clients[place] = back
                        let acked = back.acked[back.grants["room/1"]!, default: 0]
                        if acked < client.sentCount("room/1") {
                            for number in acked + 1...client.sentCount("room/1") {
                                try back.input("room/1", "{\"add\":1}", number: number)
                            }
                        }
                    } else if client.sentCount("room/1") < 40 {
                        _ = try? client.input("room/1", "{\"add\":1}")
                    }
                    try clients[place].listen()
                }
                if hasEnded, clients.allSatisfy({ $0.isAcked("room/1", 40) && !$0.socket.wire.isEnded }) { break }
                Wire.await(clients.map(\.socket.wire), Bound(.milliseconds(20)))
            }
            return (clients, drain)
        }

        private func settled(_ clients: [TextClient], _ cluster: Cluster) throws {
            try TextClient.wait("40 inputs of everyone, each once", clients) {
                clients.allSatisfy { $0.isAcked("room/1", 40) && $0.sum("room/1") == 40 }
            }
        }
    }
}
