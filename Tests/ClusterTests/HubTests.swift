import Glibc
import Testing

extension ClusterTests {
    /// Hubs that come and go over the same processes, with clients at the public listener all the while.
    @Suite(.serialized) struct Hubs {
        @Test(
            "10 kills of the hub, each followed by a new one: nobody is refused or reset, no process is started twice, none lost"
        )
        func kills() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let before = try identities(cluster)
                var sum = 0
                for cycle in 1...10 {
                    try cluster.killHub()
                    let newcomer = try TextClient.ready(cluster.port, "room/1")
                    try newcomer.input("room/1", "{\"add\":1}")
                    for client in clients { try client.input("room/1", "{\"add\":1}") }
                    sum += 1
                    try TextClient.wait("cycle \(cycle): everyone plays", clients + [newcomer]) {
                        clients.allSatisfy { $0.sum("room/1") == sum } && newcomer.sum("room/1") == 1
                    }
                    try cluster.startHubAgain()
                    try cluster.awaitStatus(
                        "cycle \(cycle): the same processes",
                        { _ in
                            try identities(cluster) == before
                        })
                }
                try unharmed(clients, cluster)
            }
        }

        @Test("A second hub takes over under load: the first exits with 0, and clients and processes notice nothing")
        func takeOver() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let before = try identities(cluster)
                for cycle in 1...5 {
                    let first = cluster.hub
                    try cluster.startHubAgain()
                    #expect(try first.end() == 0)
                    // Its processes hold its standard output, so there is no end to read to.
                    var line = try first.line()
                    while line?.contains("handed over") == false { line = try first.line() }
                    #expect(line == "hub: handed over to process \(cluster.hub.pid); its processes go on")
                    let newcomer = try TextClient.ready(cluster.port, "room/1")
                    try newcomer.input("room/1", "{\"add\":1}")
                    for client in clients { try client.input("room/1", "{\"add\":1}") }
                    try TextClient.wait("cycle \(cycle): everyone plays", clients + [newcomer]) {
                        clients.allSatisfy { $0.sum("room/1") == cycle } && newcomer.sum("room/1") == 1
                    }
                    try cluster.awaitStatus(
                        "cycle \(cycle): the same processes",
                        { _ in
                            try identities(cluster) == before
                        })
                }
                try unharmed(clients, cluster)
            }
        }

        @Test("A hub that finds no process table adopts by the locks that the processes hold, epochs included")
        func tableLost() throws {
            try Cluster.with { cluster in
                let clients = try cluster.bystanders("room/1")
                let before = try identities(cluster)
                try cluster.killHub()
                #expect(unlink(cluster.folder + "/run/processes.json") == 0)
                try cluster.startHubAgain()
                try cluster.awaitStatus("the same processes", { _ in try identities(cluster) == before })
                try unharmed(clients, cluster)
                kill(try cluster.pid(of: "back-1"), SIGKILL)
                let old = before.first { $0.hasPrefix("back-1 ") }!
                try cluster.awaitStatus("a back that dies is replaced under a higher epoch") { _ in
                    try identities(cluster).first { $0.hasPrefix("back-1 ") } != old
                }
            }
        }

        /// Name, pid and epoch of each process that runs.
        private func identities(_ cluster: Cluster) throws -> [String] {
            try cluster.status().list("processes").filter { try $0.text("state") == "running" }.map {
                "\(try $0.text("name")) \(try $0.number("pid")) \(try $0.text("epoch"))"
            }
        }

        private func unharmed(_ clients: [TextClient], _ cluster: Cluster) throws {
            for client in clients {
                #expect(!client.socket.wire.isEnded)
                #expect(client.all("granted").count == 1)
            }
            #expect(try cluster.status().list("processes").allSatisfy { try $0.number("restarts") == 0 })
        }
    }
}
