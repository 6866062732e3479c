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
                try client.wait("a grant and a state") { client.grants["room/1"] != nil && client.copies["room/1"] != nil }
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
                #expect(client.copies["room/1"]?.row("players", client.session) != nil, "session keys equal welcome.session")
            }
        }
    }
}
