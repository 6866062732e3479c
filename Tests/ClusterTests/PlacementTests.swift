import Testing

extension ClusterTests {
    /// Clusters whose channels are given to backs by their operator.
    @Suite(.serialized) struct Placement {
        @Test(
            "C34: ten channels over three backs that all serve them: each is where it was dealt, four, three and three")
        func even() throws {
            let ids = (1...10).map { "room/\($0)" }
            try Cluster.with(backs: ["alpha", "alpha", "alpha"], extra: ids.flatMap { ["--channel", $0] }) { cluster in
                let client = try TextClient(cluster.port, read: ids)
                try client.wait("a state of each") { client.copies.count == ids.count }
                let status = try cluster.awaitStatus("every channel is listed") {
                    try $0.list("channels").count == ids.count
                }
                for channel in try status.list("channels") {
                    let number = try #require(ids.firstIndex(of: try channel.text("id")))
                    #expect(try channel.text("back") == "back-\(number % 3 + 1)")
                }
            }
        }

        @Test("C35: hub run with a cluster file that cannot be exits with 2 and names the line")
        func mistake() throws {
            let folder = try Files.temporaryFolder()
            defer { Files.remove(folder) }
            try Files.write("back:\n  1: /bin/true\nplace:\n  room/1: back-2\n", folder + "/cluster.yaml")
            let outcome = try Spawned.run([
                try Files.executable("hub"), "run", "--config", folder + "/cluster.yaml", "--state", folder + "/state",
                "--listen", "127.0.0.1:0",
            ])
            #expect(outcome.code == 2)
            #expect(outcome.errors.contains("cluster.yaml:4:3: there is no 'back-2' to own 'room/1'"))
        }
    }
}
