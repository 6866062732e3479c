import Foundation
import Testing

extension ClusterTests {
    /// Inputs that end the application.
    @Suite(.serialized) struct Poison {
        @Test("An input that ends the back twice is refused with the reason the third time, and the others play on")
        func twice() throws {
            try Cluster.with { cluster in
                let bad = try TextClient.ready(cluster.port, "room/1")
                let others = try cluster.bystanders("room/1")
                for crash in 1...2 {
                    let grant = try #require(bad.grants["room/1"])
                    try bad.input("room/1", "{\"add\":1}")
                    try bad.wait("an input before it") { bad.isAcked("room/1", 1) }
                    try bad.input("room/1", "{\"trap\":true}")
                    try bad.wait("crash \(crash): a new grant", within: .seconds(15)) { bad.grants["room/1"] != grant }
                }
                let grant = try #require(bad.grants["room/1"])
                try bad.input("room/1", "{\"trap\":true}")
                try bad.wait("it is refused and its session ended") {
                    bad.refused[grant]?[1]?.contains("ended the application twice") == true
                        && bad.all("unlinked").contains { (try? $0.number("code")) == 4001 }
                }
                let status = try cluster.process("back-1")
                #expect(try status.number("restarts") == 2, "it did not die a third time")
                try TextClient.wait("the others have the grants of the third life", others) {
                    others.allSatisfy { $0.all("granted").count == 3 }
                }
                for client in others { try client.input("room/1", "{\"add\":5}") }
                try TextClient.wait("the others play", others) { others.allSatisfy { $0.sum("room/1") == 5 } }
                try check(cluster, bad.session)
            }
        }

        @Test("A kill from outside counts against no input")
        func killed() throws {
            try Cluster.with { cluster in
                let client = try TextClient.ready(cluster.port, "room/1")
                for _ in 1...3 {
                    let grant = try #require(client.grants["room/1"])
                    try client.input("room/1", "{\"slow\":300}")
                    try client.wait("it is being processed, or has been", within: .seconds(1)) { true }
                    kill(try cluster.pid(of: "back-1"), SIGKILL)
                    try client.wait("a new grant", within: .seconds(15)) { client.grants["room/1"] != grant }
                }
                try client.input("room/1", "{\"slow\":300}")
                try client.wait("it is taken") { client.isAcked("room/1", 1) }
                #expect(client.refused.isEmpty)
            }
        }

        /// The files say which input it was, and the log says so loudly.
        private func check(_ cluster: Cluster, _ session: String) throws {
            let folder = cluster.folder + "/state/incidents"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 2)
            let incident = try Members.parse(Array(Files.text("\(folder)/\(names[1])").utf8))
            #expect(try incident.text("back") == "back-1")
            #expect(try incident.text("place") == "at an input")
            #expect(try incident.text("channel") == "room/1")
            let input = try #require(incident["input"] as? Members)
            #expect(try input.text("session") == session)
            #expect(try input.text("text") == "{\"trap\":true}")
            let last = try #require(try incident.list("ticks").last?.list("inputs").last)
            #expect(try last.text("text") == "{\"trap\":true}")
            let log = Files.text(cluster.folder + "/log")
            #expect(log.contains("error hub an input ended its back twice"))
            #expect(log.contains("session=\(session)"))
        }
    }
}
