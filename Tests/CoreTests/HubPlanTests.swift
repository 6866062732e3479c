import Core
import State
import Testing

@Suite("What the hub is asked for") struct HubPlanTests {
    static let front = ProcessCommand(executable: "hub", arguments: ["front"])

    static func plan(
        listen: [String] = ["127.0.0.1:8080"], fronts: Int = 1, backs: [String] = ["arena"], missing: String = ""
    ) throws(HubPlan.Mistake) -> HubPlan {
        try HubPlan(listen: listen, frontCount: fronts, front: front, backs: backs) { $0 != missing }
    }

    @Test("Processes get names that stay")
    func names() throws {
        let plan = try Self.plan(fronts: 2, backs: ["arena --loops 2", "'my board' -x"])
        #expect(plan.specs.map(\.name) == ["front-1", "front-2", "back-1", "back-2"])
        #expect(plan.specs[2].command == ProcessCommand(executable: "arena", arguments: ["--loops", "2"]))
        #expect(plan.specs[3].command == ProcessCommand(executable: "my board", arguments: ["-x"]))
        #expect(try Self.plan(fronts: 0).specs.map(\.name) == ["back-1"])
    }

    @Test("A mistake is found before anything starts, and the text says what to change")
    func mistakes() {
        func text(_ make: () throws(HubPlan.Mistake) -> HubPlan) -> String {
            do {
                _ = try make()
                return ""
            } catch { return error.description }
        }
        #expect(text { () throws(HubPlan.Mistake) in try Self.plan(listen: ["8080"]) }.contains("has no port"))
        #expect(text { () throws(HubPlan.Mistake) in try Self.plan(listen: []) }.contains("no address"))
        #expect(text { () throws(HubPlan.Mistake) in try Self.plan(backs: []) }.contains("--back .build"))
        #expect(text { () throws(HubPlan.Mistake) in try Self.plan(backs: ["'a"]) }.contains("never closed"))
        #expect(
            text { () throws(HubPlan.Mistake) in try Self.plan(backs: ["gone"], missing: "gone") }.contains("'gone'"))
        #expect(
            text { () throws(HubPlan.Mistake) in try Self.plan(listen: ["127.0.0.1:80", "localhost:80"]) }
                .contains("twice"))
        #expect(text { () throws(HubPlan.Mistake) in try Self.plan(fronts: 300) }.contains("at most 256"))
        let twin = HubStage.spec(.back, "back-1")
        #expect(throws: HubPlan.Mistake.duplicateName("back-1")) { try HubPlan.check([twin, twin]) { _ in true } }
    }

    @Test(
        "Addresses are read as people write them",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8080"), ("localhost:0", "127.0.0.1:0"), (":80", "0.0.0.0:80"),
            ("[::1]:443", "[::1]:443"),
        ])
    func addresses(text: String, meaning: String) throws {
        #expect(try ListenAddress(text).description == meaning)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "a.b:80", "::1:80", "1.2.3:4",
            "[x]:1",
        ])
    func badAddresses(text: String) {
        #expect(throws: ListenAddress.Invalid.self) { try ListenAddress(text) }
    }

    @Test(
        "A command line is split as a shell would, without expanding anything",
        arguments: [
            ("a b  c", ["a", "b", "c"]), (#"'a b' "c d" e\ f"#, ["a b", "c d", "e f"]),
            (#"a "" '$x' "it's""#, ["a", "", "$x", "it's"]), (#"a'b'c"#, ["abc"]), (#"'\'"#, ["\\"]),
        ])
    func commands(line: String, words: [String]) throws {
        let command = try ProcessCommand(parsing: line)
        #expect([command.executable] + command.arguments == words)
    }

    @Test("An epoch's counter never repeats and carries into the term")
    func ledger() {
        var ledger = EpochLedger(term: 3)
        #expect(ledger.grant().rawValue == 3 << 32 | 1)
        #expect(ledger.grant().assignment == 2)
        ledger = EpochLedger(term: 3, counter: .max)
        #expect(ledger.grant().term == 4)
        #expect(ledger.nextReign().term == 5)
    }

    @Test("Messages between processes and the hub survive encoding")
    func messages() throws {
        var writer = ByteWriter()
        let query = Query(number: 300, path: "/status.json")
        let answer = Answer(number: 300, status: 200, contentType: "application/json", body: [1, 2])
        let stop = StopMessage(grace: .seconds(5))
        let listener = ListenerMessage(address: "127.0.0.1:8080")
        query.encode(into: &writer)
        answer.encode(into: &writer)
        stop.encode(into: &writer)
        listener.encode(into: &writer)
        try ByteReader.read(writer.bytes) { reader throws(WireError) in
            #expect(try Query(from: &reader) == query)
            #expect(try Answer(from: &reader) == answer)
            #expect(try StopMessage(from: &reader) == stop)
            #expect(try ListenerMessage(from: &reader) == listener)
            try reader.end()
        }
    }
}
