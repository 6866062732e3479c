import Foundation
import Testing

extension ClusterTests {
    /// The text form of the conversation, field by field as the "Fixed interface" words it.
    @Suite(.serialized) struct TextForm {
        @Test("Welcome, granted, a patch from nothing, then patches from numbered bases; acks are cumulative")
        func conversation() throws {
            try Cluster.with { cluster in
                let client = try TextClient(cluster.port, read: ["room/1"], write: "room/1")
                let welcome = try client.expect("welcome")
                #expect(try welcome.text("session").count == 32)
                #expect(try !welcome.text("token").isEmpty)
                #expect(try welcome.flag("resumed") == false)
                try client.wait("a grant and a state") {
                    client.grants["room/1"] != nil && client.copies["room/1"] != nil
                }
                let granted = client.all("granted")[0]
                #expect(try granted.text("channel") == "room/1")
                #expect(try granted.number("highest") == 0)
                #expect((granted["refused"] as? [Int]) == [])
                #expect(UInt64(try granted.text("grant")) != nil, "64-bit numbers are decimal strings")
                let first = client.all("patch")[0]
                #expect(first["base"] is NSNull)
                #expect(UInt64(try first.text("lineage")) != nil)
                #expect(try first.number("version") >= 1)
                #expect(try first.number("tick") >= 1)
                for _ in 1...3 { try client.input("room/1", "{\"add\":2}") }
                try client.wait("3 acks and their sum") { client.isAcked("room/1", 3) && client.sum("room/1") == 6 }
                for patch in client.all("patch").dropFirst() { #expect(try patch.number("base") >= 1) }
                let ack = try #require(client.all("acked").last)
                #expect(try ack.text("grant") == granted.text("grant"))
                #expect(try ack.number("seq") == 3)
                #expect(try ack.number("tick") >= 1)
                #expect(
                    client.ownRow("room/1") != nil, "attached says its key"
                )
            }
        }

        @Test("A refused input says why, changes nothing, and the ones behind it go on")
        func refusal() throws {
            try Cluster.with { cluster in
                let client = try ready(cluster, "room/1")
                try client.input("room/1", "{\"add\":1}")
                try client.input("room/1", "{\"refuse\":\"not today\"}")
                try client.input("room/1", "\"no wish at all\"")
                try client.input("room/1", "{\"add\":1}")
                try client.wait("all decided") { client.isAcked("room/1", 4) && client.sum("room/1") == 2 }
                let refused = try #require(client.refused[client.grants["room/1"]!])
                #expect(refused == [2: "not today", 3: "not a wish"])
                let first = try #require(client.all("refused").first)
                #expect(Set(first.keys) == ["grant", "seq", "reason"])
            }
        }

        @Test(
            "The application gets the exact text of input.data",
            arguments: [
                "{\"note\":1}", "{ \"note\" :\t1.50e+01 ,  \"x\" : [ ] }", "{\"note\":\"\\u00e9\\/é\\n\"}",
                "{\"note\":12345678901234567890123}",
            ])
        func exactText(data: String) throws {
            try shared.with { cluster in
                let client = try ready(cluster, "room/1")
                try client.input("room/1", data)
                try client.wait("the note") { client.isAcked("room/1", 1) }
                #expect(client.ownRow("room/1")?["text"] as? String == data)
            }
        }

        @Test("64-bit integers are decimal strings, bytes base64, nil null, and floats that are no numbers are named")
        func values() throws {
            try shared.with { cluster in
                let client = try ready(cluster, "room/sample")
                try client.input("room/sample", "{\"sample\":true}")
                try client.wait("the sample") { client.copies["room/sample"]?.row("samples", "-1") != nil }
                let row = try #require(client.copies["room/sample"]?.row("samples", "-1"))
                #expect(row["big"] as? String == "-9223372036854775808")
                #expect(row["huge"] as? String == "18446744073709551615")
                #expect(row["small"] as? Int == -7)
                #expect(row["isOn"] as? Bool == true)
                #expect(row["ratio"] as? Double == 0.5)
                #expect(row["bytes"] as? String == "AAH+/w==")
                #expect(row["missing"] is NSNull)
                #expect(row["nan"] as? String == "nan")
                #expect(row["above"] as? String == "inf")
                #expect(row["below"] as? String == "-inf")
            }
        }

        @Test("Rows that go are in remove, rows that come are whole in set, and a newcomer holds the same")
        func removals() throws {
            try shared.with { cluster in
                let client = try ready(cluster, "room/things")
                for (number, data) in ["{\"replace\":3}", "{\"replace\":1}", "{\"replace\":2}"].enumerated() {
                    try client.input("room/things", data)
                    try client.wait("step \(number)") { client.isAcked("room/things", number + 1) }
                }
                let removed = client.all("patch").compactMap { ($0["remove"] as? Members)?["things"] as? [String] }
                #expect(Set(removed.joined()).isSuperset(of: ["new 1", "new 2"]))
                #expect(client.copies["room/things"]?.tables["things"]?.keys.sorted() == ["new 0", "new 1"])
                let other = try ready(cluster, "room/things")
                try TextClient.wait("both see the newcomer", [client, other]) {
                    other.me["room/things"].flatMap { client.copies["room/things"]?.row("players", $0) } != nil
                        && client.copies["room/things"]?.version == other.copies["room/things"]?.version
                }
                #expect(client.copies["room/things"]?.canonical == other.copies["room/things"]?.canonical)
            }
        }

        @Test("A message names its channel and a version that its reader holds; to one, and to all")
        func messages() throws {
            try shared.with { cluster in
                let (one, other) = (try ready(cluster, "room/talk"), try ready(cluster, "room/talk"))
                try one.input("room/talk", "{\"tell\":\"only you\",\"add\":1}")
                let message = try one.expect("message")
                #expect(try message.text("channel") == "room/talk")
                #expect(try message.members("data").text("told") == "only you")
                #expect(try message.number("version") <= (one.copies["room/talk"]?.version ?? 0))
                try one.input("room/talk", "{\"tellAll\":\"everyone\"}")
                #expect(try other.expect("message").members("data").text("told") == "everyone")
                #expect(try one.expect("message").members("data").text("told") == "everyone")
            }
        }

        @Test(
            "Reading, not reading any more and writing elsewhere are messages of their own; unknown members are ignored"
        )
        func changesOfMind() throws {
            try shared.with { cluster in
                let client = try TextClient(cluster.port)
                _ = try client.expect("welcome")
                try client.say(text: "{\"read\":{\"room/a\":null,\"counter/b\":null},\"later\":[1,{}]}")
                try client.wait("both states") { client.copies.count == 2 }
                try client.say(text: "{\"write\":\"counter/b\",\"because\":null}")
                try client.wait("a grant") { client.grants["counter/b"] != nil }
                try client.input("counter/b", "{\"add\":5}")
                try client.wait("the sum") { client.sum("counter/b") == 5 }
                try client.say(text: "{\"unread\":[\"room/a\"]}")
                let version = client.copies["room/a"]?.version
                let other = try ready(cluster, "room/a")
                try other.input("room/a", "{\"add\":1}")
                try other.wait("their own sum") { other.sum("room/a") == 1 }
                try client.input("counter/b", "{\"add\":1}")
                try client.wait("the next sum") { client.sum("counter/b") == 6 }
                #expect(client.copies["room/a"]?.version == version || client.all("unlinked").count == 1)
            }
        }

        @Test("A goodbye ends the session at its channels and closes with 1000")
        func goodbye() throws {
            try shared.with { cluster in
                let (one, other) = (try ready(cluster, "room/bye"), try ready(cluster, "room/bye"))
                try one.say(text: "{\"bye\":{}}")
                _ = try? one.wait("the end") { one.socket.wire.isEnded }
                #expect(one.socket.closeCode == 1000)
                try other.wait("the other is gone") {
                    other.copies["room/bye"]?.row("players", one.me["room/bye"]!) == nil
                }
            }
        }

        @Test("A session comes back with its token and {lineage, version}: patches go on from there, so does its grant")
        func resume() throws {
            try shared.with { cluster in
                let bystanders = try cluster.bystanders("room/back")
                let first = try ready(cluster, "room/back")
                try first.input("room/back", "{\"add\":3}")
                try first.input("room/back", "{\"refuse\":\"no\"}")
                try first.wait("both decided") { first.isAcked("room/back", 2) && first.sum("room/back") == 3 }
                let held = try #require(first.copies["room/back"])
                let second = try first.resume(cluster.port, write: "room/back")
                try second.wait("a grant") { second.grants["room/back"] != nil }
                #expect(second.isResumed == true)
                #expect(second.session == first.session)
                #expect(second.grants == first.grants, "a grant id seen before: its numbers go on")
                let granted = try #require(second.all("granted").last)
                #expect(try granted.number("highest") == 2)
                #expect(granted["refused"] as? [Int] == [2])
                try second.input("room/back", "{\"add\":4}", number: 3)
                try second.wait("their sum") { second.sum("room/back") == 7 }
                let patches = second.all("patch")
                #expect(patches.allSatisfy { !($0["base"] is NSNull) }, "nothing was sent twice")
                #expect(try patches.first?.number("base") == held.version)
                withExtendedLifetime(bystanders) {}
            }
        }

        @Test("A newer attach of a session elsewhere ends the older one with 4000 and its attach number")
        func superseded() throws {
            try shared.with { cluster in
                let first = try ready(cluster, "room/twice")
                let second = try first.resume(cluster.port, write: "room/twice")
                try second.wait("a grant") { second.grants["room/twice"] != nil }
                _ = try? first.wait("the end") { first.socket.wire.isEnded }
                let bye = try #require(first.bye)
                #expect(try bye.number("code") == 4000)
                #expect(try bye.number("attach") == 1)
                #expect(try !bye.text("reason").isEmpty)
            }
        }

        @Test(
            "A channel that refuses, and one that nobody serves, are unlinked at once with a reason",
            arguments: [
                ("room/closed", "this room is closed"), ("nowhere/1", "no back serves"),
            ])
        func unlinked(channel: String, reason: String) throws {
            try shared.with { cluster in
                let client = try TextClient(cluster.port, read: [channel])
                let unlinked = try client.expect("unlinked", within: .seconds(2))
                #expect(try unlinked.text("channel") == channel)
                #expect(try unlinked.text("reason").contains(reason))
            }
        }

        @Test("After all of it the suite's processes end with their lifeline, every one")
        func end() throws { try shared.end() }

        /// Most of these tests leave a cluster as they found it: it is started once.
        private let shared = SharedCluster.ofTextForm

        private func ready(_ cluster: Cluster, _ channel: String) throws -> TextClient {
            try TextClient.ready(cluster.port, channel)
        }
    }
}
