import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Processes that are killed with -9 under their clients.
    @Suite(.serialized) struct Kills {
        @Test("kill -9 of a front: its clients play again through another within 2 s, same session, nothing lost and nothing twice")
        func front() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let victim = try cluster.front(of: clients[0].session)
                let lost = try clients.filter { try cluster.front(of: $0.session) == victim }
                let stay = clients.filter { client in !lost.contains { $0 === client } }
                #expect(!lost.isEmpty && !stay.isEmpty)
                for client in clients { for _ in 1...5 { try client.input("room/1", "{\"add\":1}") } }
                kill(try cluster.pid(of: victim), SIGKILL)
                let clock = ContinuousClock()
                let start = clock.now
                for client in lost {
                    _ = try? client.wait("the end") { client.socket.wire.isEnded }
                    let back = try client.resume(cluster.port, write: "room/1")
                    try back.wait("it may write again", within: .seconds(2)) { back.grants["room/1"] != nil }
                    #expect(back.session == client.session)
                    #expect(back.isResumed == true)
                    #expect(back.grants == client.grants, "the same grant: its numbers go on")
                    // What the grant says was applied is not sent again; the rest is: exactly once.
                    let highest = try back.all("granted").last!.number("highest")
                    for number in highest + 1...10 where number > highest { try back.input("room/1", "{\"add\":1}", number: number) }
                    try back.wait("10 inputs, each once", within: .seconds(2)) { back.isAcked("room/1", 10) && back.sum("room/1") == 10 }
                }
                #expect(start.duration(to: clock.now) < .seconds(2), "for \(lost.count) clients one after the other")
                for client in stay {
                    try client.input("room/1", "{\"add\":1}")
                    try client.wait("the others go on") { client.isAcked("room/1", 6) && client.sum("room/1") == 6 }
                }
                try cluster.awaitStatus("the front is there again") { status in
                    try status.list("processes").allSatisfy { try $0.text("state") == "running" && $0.number("pid") > 0 }
                        && status.list("processes").contains { try $0.number("restarts") == 1 }
                }
            }
        }

        @Test("kill -9 of a back: fronts keep their clients, link to the new epoch, and clients get a new lineage, a new grant, and know what is undecided")
        func back() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let others = try (0..<2).map { _ in try TextClient.ready(cluster.port, "counter/1") }
                let old = try cluster.process("back-1")
                for client in clients { try client.input("room/1", "{\"add\":1}") }
                try TextClient.wait("all applied", clients) { clients.allSatisfy { $0.sum("room/1") == 1 } }
                let lineages = Set(clients.map { $0.copies["room/1"]!.lineage })
                #expect(lineages.count == 1)
                let grants = clients.map { $0.grants["room/1"]! }
                kill(pid_t(try old.number("pid")), SIGKILL)
                for client in clients { try client.input("room/1", "{\"add\":100}") }
                try TextClient.wait("a new lineage and a new grant for everyone", clients, within: .seconds(10)) {
                    zip(clients, grants).allSatisfy { client, grant in
                        client.grants["room/1"] != grant && client.copies["room/1"].map { !lineages.contains($0.lineage) } == true
                    }
                }
                for (client, grant) in zip(clients, grants) {
                    #expect(!client.socket.wire.isEnded, "its connection was kept")
                    let granted = try #require(client.all("granted").last)
                    #expect(try granted.number("highest") == 0, "numbers begin at 1: what was unacked is undecided")
                    #expect(client.acked[grant] == 1, "number 2 was never acked")
                    try client.input("room/1", "{\"add\":7}")
                }
                try TextClient.wait("they play", clients) { clients.allSatisfy { $0.isAcked("room/1", 1) && $0.sum("room/1") == 7 } }
                let new = try cluster.process("back-1")
                #expect(try UInt64(new.text("epoch"))! > UInt64(old.text("epoch"))!)
                for (place, other) in others.enumerated() {
                    try other.input("counter/1", "{\"add\":1}")
                    try other.wait("the other back's client \(place) noticed nothing") { other.sum("counter/1") == 1 }
                    #expect(other.all("granted").count == 1)
                }
                #expect(Set(clients.map { $0.copies["room/1"]!.lineage }).count == 1)
            }
        }

        @Test("kill -9 of the hub: clients notice nothing, new ones get in, /metrics says incomplete, and a new hub takes the processes back")
        func hub() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let before = try cluster.status().list("processes").map { try $0.number("pid") }
                try cluster.killHub()
                for client in clients { try client.input("room/1", "{\"add\":1}") }
                try TextClient.wait("they play on", clients) { clients.allSatisfy { $0.sum("room/1") == 1 } }
                let newcomers = try (0..<6).map { _ in try TextClient.ready(cluster.port, "room/1") }
                for client in newcomers { try client.input("room/1", "{\"add\":2}") }
                try TextClient.wait("newcomers play", newcomers) { newcomers.allSatisfy { $0.sum("room/1") == 2 } }
                let page = try HTTP.get("/metrics", cluster.port)
                #expect(page.status == 200)
                #expect(page.text.contains("incomplete"))
                #expect(try HTTP.get("/healthz", cluster.port).status == 200)
                try cluster.startHubAgain()
                try cluster.awaitStatus("the same processes, all known again") { status in
                    try status.list("processes").map { try $0.number("pid") } == before
                        && status.list("processes").allSatisfy { try $0.text("state") == "running" }
                        && status.number("clientCount") == clients.count + newcomers.count
                }
                for client in clients + newcomers {
                    try client.input("room/1", "{\"add\":3}")
                    #expect(client.all("granted").count == 1)
                }
                try TextClient.wait("nobody noticed", clients + newcomers) {
                    clients.allSatisfy { $0.sum("room/1") == 4 } && newcomers.allSatisfy { $0.sum("room/1") == 5 }
                }
                #expect(!(try HTTP.get("/metrics", cluster.port).text.contains("incomplete")))
                kill(try cluster.pid(of: "back-2"), SIGKILL)
                try cluster.awaitStatus("the new hub restarts what it took over") { status in
                    try status.list("processes").contains { try $0.text("name") == "back-2" && $0.number("restarts") == 1
                        && $0.text("state") == "running" }
                }
            }
        }
    }
}
