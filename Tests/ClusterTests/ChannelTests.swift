import Core
import Foundation
import Testing

extension ClusterTests {
    /// Front and back channels between real processes: rows C1 to C33 as far as clients see them.
    @Suite(.serialized) struct Channels {
        private let shared = SharedCluster.ofChannels
        /// Ids that are prefixes of one another, over both backs.
        private static let ids = ["room", "room/1", "room/10", "room/1/deep/2", "counter/1"]

        private func ready(_ cluster: Cluster, _ channel: String) throws -> TextClient {
            try TextClient.ready(cluster.port, channel)
        }

        @Test(
            "C1, C2, C11: one client reads channels of two backs by ids that are prefixes; each id has one back, each pair of processes one trunk"
        )
        func manyChannels() throws {
            try shared.with { cluster in
                let reader = try TextClient(cluster.port, read: Self.ids)
                try reader.wait("every state") { reader.copies.count == Self.ids.count }
                let writers = try Self.ids.map { try ready(cluster, $0) }
                for (place, writer) in writers.enumerated() {
                    try writer.input(Self.ids[place], "{\"add\":\(place + 1)}")
                }
                try reader.wait("each sum in its own channel only") {
                    Self.ids.indices.allSatisfy { place in
                        let players = reader.copies[Self.ids[place]]?.tables["players"] ?? [:]
                        let sums = players.values.compactMap { $0["sum"] as? String }.filter { $0 != "0" }
                        return sums == ["\(place + 1)"]
                    }
                }
                let status = try cluster.awaitStatus("all channels are reported") {
                    try $0.list("channels").filter { try Self.ids.contains($0.text("id")) }.count == Self.ids.count
                }
                var owners: [String: [String]] = [:]
                for channel in try status.list("channels") {
                    owners[try channel.text("id"), default: []].append(try channel.text("back"))
                }
                #expect(owners["room"] == ["back-1"])
                #expect(owners["room/10"] == ["back-1"])
                #expect(owners["room/1/deep/2"] == ["back-2"])
                #expect(owners["counter/1"] == ["back-2"])
                #expect(owners.values.allSatisfy { $0.count == 1 })
                let names = try status.list("processes").map { try $0.text("name") }
                #expect(Set(names).count == names.count)
                #expect(try cluster.metric("trunks", "back-1") == 2)
                #expect(try cluster.metric("trunks", "back-2") == 2)
            }
        }

        @Test(
            "C7, C8: options reach the back; its yes comes with data, its no promptly with the reason, a second read of one channel begins it anew and does not double it"
        )
        func options() throws {
            // Channels of its own: sessions of other tests stay for two minutes in theirs.
            try shared.with { cluster in
                let client = try FrameClient(
                    cluster.port, read: ["room/once", "room/never"],
                    options: ["room/once": "hi", "room/never": "no thanks"])
                try client.wait("both answers", within: .seconds(1)) {
                    client.mirrors["room/once"]?.version ?? 0 > 0 && client.unlinked.count == 1
                }
                #expect(client.attached.first { $0.channel == "room/once" }?.data == Array("{\"heard\":\"hi\"}".utf8))
                #expect(client.unlinked[0].channel == "room/never")
                #expect(client.unlinked[0].farewell.reason == "the options say no thanks")
                try client.send(.read) { $0.raw([9] + Array("room/once".utf8) + [0, 0]) }
                try client.wait("it begins anew", within: .seconds(1)) {
                    client.attached.filter { $0.channel == "room/once" }.count == 2
                }
                let version = client.mirrors["room/once"]!.version
                let other = try ready(cluster, "room/once")
                try client.wait("patches come once") { client.mirrors["room/once"]!.version > version }
                try cluster.awaitStatus("it is in the room once, and the other") { status in
                    try status.list("channels").contains {
                        try $0.text("id") == "room/once" && $0.number("sessions") == 2
                    }
                }
                withExtendedLifetime(other) {}
            }
        }

        @Test(
            "C9: the snapshot is exactly the base of the next patch, for late linkers on every front while the state changes"
        )
        func lateLinkers() throws {
            try shared.with { cluster in
                let writer = try ready(cluster, "room/late")
                var clients: [FrameClient] = []
                for round in 1...12 {
                    try writer.input("room/late", "{\"dice\":\(round),\"add\":1}")
                    clients.append(try FrameClient(cluster.port, read: ["room/late"]))
                    try writer.input("room/late", "{\"dice\":\(round + 100),\"add\":1}")
                    try clients[round - 1].wait("a state") { clients[round - 1].mirrors["room/late"]?.version ?? 0 > 0 }
                }
                try writer.input("room/late", "{\"dice\":1000}")
                try writer.wait("all applied") { writer.isAcked("room/late", 25) }
                let (version, bytes) = try cluster.backState("back-1", "room/late")
                for client in clients {
                    try client.wait("version \(version)") { client.mirrors["room/late"]!.version == version }
                    #expect(client.mirrors["room/late"]!.encoded().hex == bytes)
                }
            }
        }

        @Test(
            "A connection cut between a section and its mark commits nothing: the session comes back with what it held")
        func cutBeforeMark() throws {
            try shared.with { cluster in
                let bystanders = try cluster.bystanders("room/cut")
                let writer = bystanders[0]
                let client = try FrameClient(cluster.port, read: ["room/cut"])
                try client.wait("a state") { client.mirrors["room/cut"]?.version ?? 0 > 0 }
                client.isCutBeforeMark = true
                let held = client.mirrors["room/cut"]!.encoded()
                let version = client.mirrors["room/cut"]!.version
                try writer.input("room/cut", "{\"add\":1}")
                try client.wait("the mark that is not heard") { client.wasCut }
                #expect(client.mirrors["room/cut"]!.encoded() == held)
                #expect(client.mirrors["room/cut"]!.version == version)
                try writer.input("room/cut", "{\"add\":1}")
                let back = try FrameClient(cluster.port, resuming: client, attach: 2)
                try back.wait("all of it") { (back.mirrors["room/cut"]?.version ?? 0) > version + 1 }
                try writer.wait("both decided") { writer.isAcked("room/cut", 2) }
                let state = try cluster.backState("back-1", "room/cut")
                try back.wait("the back's version") { back.mirrors["room/cut"]?.version == state.version }
                #expect(back.mirrors["room/cut"]!.encoded().hex == state.bytes)
                #expect(back.attached.last?.kept == [.everyone], "what it held was caught up, not sent anew")
            }
        }

        @Test("C12: writing elsewhere fires revoked at the old channel and granted at the new one, each exactly once")
        func switchOfProcessor() throws {
            try shared.with { cluster in
                let client = try TextClient(cluster.port, read: ["room/old", "counter/new"], write: "room/old")
                try client.wait("the first grant") { client.grants["room/old"] != nil }
                try client.input("room/old", "{\"add\":1}")
                try client.say(["write": "counter/new"])
                try client.wait("the second grant") { client.grants["counter/new"] != nil }
                #expect(client.isAcked("room/old", 1), "the old channel decided everything first")
                try client.input("counter/new", "{\"add\":10}")
                try client.wait("both sums") { client.sum("counter/new") == 10 && client.sum("room/old") == 1 }
                #expect(events(client, "room/old") == ["joined", "writeGranted", "writeRevoked"])
                #expect(events(client, "counter/new") == ["joined", "writeGranted"])
            }
        }

        @Test("C10: both rules are told what the client gives with its wish to write elsewhere")
        func writeOptions() throws {
            try shared.with { cluster in
                let watcher = try TextClient(cluster.port, read: ["room/from", "counter/to"])
                let client = try FrameClient(cluster.port, read: ["room/from", "counter/to"], write: "room/from")
                try client.wait("the first grant") { client.grants["room/from"] != nil }
                try client.send(.write) {
                    ClientWish(channel: "counter/to", options: Array("as white".utf8)).encode(into: &$0)
                }
                try client.wait("the second grant") { client.grants["counter/to"] != nil }
                try watcher.wait("both are told") {
                    events(watcher, "room/from", of: client.session).last == "writeRevoked as white"
                        && events(watcher, "counter/to", of: client.session).last == "writeGranted as white"
                }
            }
        }

        private func events(_ client: TextClient, _ channel: String, of session: String? = nil) -> [String] {
            let rows = client.copies[channel]?.tables["log"] ?? [:]
            return rows.sorted { Int($0.key)! < Int($1.key)! }
                .filter { $0.value["session"] as? String == session ?? client.session }
                .compactMap { $0.value["event"] as? String }
        }

        @Test(
            "C13: inputs reach only the channel of the grant, in order, with their session; without a grant they are dropped and counted"
        )
        func inputsOnlyThere() throws {
            try shared.with { cluster in
                let client = try TextClient(cluster.port, read: ["room/x", "room/xy"], write: "room/x")
                try client.wait("the grant") { client.grants["room/x"] != nil && client.copies.count == 2 }
                for number in 1...40 { try client.input("room/x", "{\"add\":1,\"note\":\(number)}") }
                var notes: [Int] = []
                client.onPatch = { channel, copy in
                    guard channel == "room/x",
                        let text = copy.row("players", client.me["room/x"] ?? "")?["text"] as? String
                    else {
                        return
                    }
                    if let note = text.split(separator: ":").last.flatMap({ Int($0.dropLast()) }) { notes.append(note) }
                }
                try client.wait("40 applied") { client.sum("room/x") == 40 }
                #expect(notes.last == 40)
                #expect(notes == notes.sorted(), "in order")
                #expect(client.sum("room/xy") == 0)
                let dropped = try cluster.metric("inputs_of_other_grant_total")
                try client.say(text: "{\"input\":{\"grant\":\"12345\",\"seq\":1,\"data\":{\"add\":100}}}")
                try cluster.awaitMetric("inputs_of_other_grant_total", above: dropped)
                #expect(client.sum("room/x") == 40)
            }
        }

        @Test("C17, C22: many inputs of many channels travel in few frames, in order, each to its own channel")
        func batches() throws {
            try shared.with { cluster in
                let clients = try Self.ids.flatMap { id in try (0..<2).map { _ in (id, try ready(cluster, id)) } }
                let before = (try cluster.metric("inputs_total"), try cluster.metric("batches_total"))
                for (id, client) in clients {
                    let grant = client.grants[id]!
                    let frames = (1...100).flatMap {
                        WebSocketWire.frame(
                            1, Array("{\"input\":{\"grant\":\"\(grant)\",\"seq\":\($0),\"data\":{\"add\":1}}}".utf8))
                    }
                    try client.socket.wire.send(frames)
                }
                try TextClient.wait("all of them applied", clients.map(\.1)) {
                    clients.allSatisfy { $1.isAcked($0, 100) && $1.sum($0) == 100 }
                }
                try cluster.awaitMetric("inputs_total", above: before.0 + 999)
                let inputs = try cluster.metric("inputs_total") - before.0
                let batches = try cluster.metric("batches_total") - before.1
                #expect(batches * 4 < inputs, "\(batches) batches for \(inputs) inputs")
            }
        }

        @Test(
            "C19, C39: the back collects from all fronts and steps at a fixed tick; the order of each front's clients is kept"
        )
        func collecting() throws {
            try shared.with { cluster in
                let clients = try cluster.bystanders("counter/all")
                for client in clients { for _ in 1...70 { try client.input("counter/all", "{\"add\":1}") } }
                try TextClient.wait("every sum", clients) {
                    clients.allSatisfy { $0.sum("counter/all") == 70 && $0.isAcked("counter/all", 70) }
                }
                for client in clients {
                    let ticks = try client.all("acked").map { try $0.number("tick") }
                    #expect(ticks == ticks.sorted())
                    #expect(ticks.count >= 2, "at most 64 inputs of a session in one tick")
                    #expect(client.refused.isEmpty)
                }
            }
        }

        @Test("C20: 300 inputs in a row that change nothing are all acked, and not one patch is made")
        func nothingChanges() throws {
            try shared.with { cluster in
                let client = try ready(cluster, "counter/quiet")
                let patches = client.all("patch").count
                for _ in 1...300 { try client.input("counter/quiet", "{}") }
                try client.wait("300 acks") { client.isAcked("counter/quiet", 300) }
                #expect(client.all("patch").count == patches)
                #expect(client.refused.isEmpty)
            }
        }

        @Test(
            "C21: a tick's patch is made once and reaches the clients of every front, also when all rows are replaced")
        func everyFront() throws {
            try shared.with { cluster in
                let clients = try cluster.bystanders("counter/each")
                let version = try cluster.backState("back-2", "counter/each").version
                // Figures are a second old at most: those of the joins must not be counted for the inputs.
                try cluster.awaitStatus("the back has reported that version") { _ in
                    try cluster.channel("counter/each")?.number("version") == Int(version)
                }
                let made = try cluster.metric("patches_total", "back-2")
                for number in 1...5 {
                    try clients[0].input("counter/each", "{\"replace\":\(number)}")
                    try clients[0].wait("ack \(number)") { clients[0].isAcked("counter/each", number) }
                }
                try cluster.awaitMetric("patches_total", "back-2", above: made + 4)
                #expect(
                    try cluster.metric("patches_total", "back-2") - made == 5,
                    "one for each version, not for each front")
                try TextClient.wait("version \(version + 5) everywhere", clients) {
                    clients.allSatisfy { $0.copies["counter/each"]!.version == Int(version) + 5 }
                }
                #expect(Set(clients.map { $0.copies["counter/each"]!.canonical }).count == 1)
            }
        }

        @Test(
            "C23, C26, C31, C36: channels come with their first reader; the last one's leaving stops their patches, links and counts go to 0, the channel closes, and the next reader begins anew"
        )
        func unlinking() throws {
            try shared.with { cluster in
                let clients = try (0..<4).map { _ in try ready(cluster, "counter/gone") }
                let lineage = clients[0].copies["counter/gone"]?.lineage
                try cluster.awaitStatus("four sessions") { status in
                    try status.list("channels").contains {
                        try $0.text("id") == "counter/gone" && $0.number("sessions") == 4
                    }
                }
                for client in clients {
                    #expect(client.all("patch").first?["base"] is NSNull, "the snapshot comes first")
                    try client.say(["unread": ["counter/gone"]])
                }
                try cluster.awaitStatus("no link and no session is left") { status in
                    let channel = try status.list("channels").first { try $0.text("id") == "counter/gone" }
                    guard let channel else { return true }
                    return try channel.number("links") == 0 && channel.number("sessions") == 0
                }
                try cluster.awaitStatus("the idle channel is closed") {
                    try !$0.list("channels").contains { try $0.text("id") == "counter/gone" }
                }
                for client in clients { try client.listen() }
                let heard = clients.map(\.heard.count)
                let again = try ready(cluster, "counter/gone")
                #expect(again.copies["counter/gone"]?.lineage != lineage)
                #expect(again.all("patch").first?["base"] is NSNull)
                for client in clients { try client.listen() }
                #expect(clients.map(\.heard.count) == heard, "who stopped reading hears nothing")
            }
        }

        @Test("C24: the rate changes at run time, 0 stops it, and a tick by hand decides what waits")
        func rates() throws {
            try shared.with { cluster in
                let client = try ready(cluster, "counter/rate")
                try client.input("counter/rate", "{\"rate\":0}")
                try client.wait("the clock stops") { client.isAcked("counter/rate", 1) }
                let tick = client.copies["counter/rate"]!.tick
                try client.input("counter/rate", "{\"add\":1}")
                let other = try ready(cluster, "counter/other")
                for number in 1...20 {
                    try other.input("counter/other", "{\"add\":1}")
                    try other.wait("another channel's tick") { other.isAcked("counter/other", number) }
                }
                try client.listen()
                #expect(!client.isAcked("counter/rate", 2), "20 ticks of another channel later nothing has happened")
                #expect(try cluster.control("back-2", "tick counter/rate") == "true")
                try client.wait("the tick by hand") {
                    client.isAcked("counter/rate", 2) && client.sum("counter/rate") == 1
                }
                #expect(client.copies["counter/rate"]!.tick > tick)
                #expect(try cluster.control("back-2", "rate counter/rate 100") == "true")
                try client.input("counter/rate", "{\"add\":1}")
                try client.wait("it ticks again") { client.sum("counter/rate") == 2 }
            }
        }

        @Test("C27: a message finds its session at the front where it is now, and the application can end a stay")
        func directMessages() throws {
            try shared.with { cluster in
                let first = try ready(cluster, "room/dm")
                let speaker = try ready(cluster, "room/dm")
                let second = try first.resume(cluster.port)
                try second.wait("it is back") { second.isResumed == true && second.copies["room/dm"] != nil }
                try second.say(["write": "room/dm"])
                try second.wait("a grant") { second.grants["room/dm"] != nil }
                let number = 1 + (try second.all("granted").last!.number("highest"))
                try second.input("room/dm", "{\"tell\":\"here\"}", number: number)
                #expect(try second.expect("message").members("data").text("told") == "here")
                try speaker.input("room/dm", "{\"dismiss\":\"\(second.session)\"}")
                #expect(try second.expect("unlinked").text("reason") == "you were asked to go")
                try speaker.wait("the row is gone") {
                    speaker.copies["room/dm"]!.row("players", second.me["room/dm"]!) == nil
                }
            }
        }

        @Test("C32: connections, sessions and links are counted, per process, from any front")
        func counters() throws {
            try shared.with { cluster in
                let clients = try cluster.bystanders("room/counted")
                try cluster.awaitMetric("sessions", above: Double(clients.count - 1))
                #expect(try cluster.metric("connections") >= Double(clients.count))
                #expect(try cluster.metric("front_links", "front-1") >= 1)
                #expect(try cluster.metric("front_links", "front-2") >= 1)
                #expect(try cluster.metric("back_links", "back-1") >= 2)
                #expect(try cluster.metric("back_sessions", "back-1") >= Double(clients.count))
                #expect(try cluster.channel("room/counted")?.number("sessions") == clients.count)
            }
        }

        @Test("C33: asked to stop, a cluster says goodbye to its clients, ends with 0 and leaves its port free")
        func gracefulEnd() throws {
            try shared.end()
            let cluster = try Cluster()
            let clients = try (0..<4).map { _ in try ready(cluster, "room/1") }
            let pids = try cluster.status().list("processes").map { pid_t(try $0.number("pid")) }
            cluster.hub.signal(SIGTERM)
            #expect(try cluster.hub.end() == 0)
            for pid in pids { #expect(Spawned.awaitEnd(of: pid, Bound(.seconds(5))), "pid \(pid) has ended") }
            for client in clients {
                _ = try? client.wait("the end") { client.socket.wire.isEnded }
                #expect(try client.bye?.number("code") == 1001)
            }
            #expect(throws: Failure.self) { try Wire.tcp(cluster.port) }
            try cluster.startHubAgain()
            try cluster.end()
        }
    }
}
