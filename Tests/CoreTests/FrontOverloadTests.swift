import Core
import Testing

@Suite("A front that is offered too much") struct FrontOverloadTests {
    @Test(
        "At a full table a client is told 1013 with a time of its own to come again, and the others are served on",
        arguments: [FrontStage.Language.plain, .webSocket, .text])
    func full(language: FrontStage.Language) {
        var stage = FrontStage(connectionLimit: 2)
        let served = [stage.join(.webSocket), stage.join(.webSocket)]
        var waits: Set<Double> = []
        for number in 1...20 {
            let client = stage.connect(language)
            stage.pump()
            let words = Self.reason(stage[client], language)
            #expect(words.hasPrefix("this front is full"), "\(words)")
            if language != .plain { #expect(stage[client].closeCode == 1013) }
            let wait = words.split(separator: " ").compactMap { Double($0) }.first ?? 0
            #expect(wait >= 1000 && wait < 5000, "\(words)")
            waits.insert(wait)
            #expect(stage.front.counters.refused[.tableFull] == UInt64(number))
        }
        #expect(waits.count > 10, "not all at once: \(waits)")
        #expect(stage.front.counters.closed[.overloaded] == 20)
        stage.inputs([1], on: served[0])
        stage.pass(.milliseconds(100))
        #expect(stage[served[0]].kinds.contains("ackedClient"))
        #expect(served.allSatisfy { !stage[$0].isClosed })
    }

    @Test("Far beyond a full table nobody is told anything any more; where there is room again a client is served")
    func farBeyond() {
        var stage = FrontStage(connectionLimit: 2)
        let served = [stage.join(.webSocket), stage.join(.webSocket)]
        // From many addresses, and all of them proved to be somebody: only the table counts.
        for number in 0..<Limits.turnedAwayConnections {
            #expect(accept(&stage, "10.1.\(number / 200).\(number % 200)") == (number < 64))
        }
        #expect(stage.front.counters.refused[.tooManyUnproven] == UInt64(Limits.turnedAwayConnections - 64))
        stage.pass(.seconds(6))
        #expect(stage.front.connectionCount == 2)
        stage.drop(served[0])
        let next = stage.join(.webSocket)
        #expect(stage[next].kinds.contains("welcome"))
    }

    @Test(
        "One address has at most 64 connections that proved nothing, and 200 new ones a second; loopback as many as it likes"
    )
    func address() {
        var stage = FrontStage(connectionLimit: 100_000)
        for number in 1...65 { #expect(accept(&stage, "10.0.0.9") == (number <= 64)) }
        #expect(stage.front.counters.refused[.addressUnproven] == 1)
        #expect(accept(&stage, "10.0.0.10"), "another address")
        // 65 came; 135 more may come at once, however they fare, and then 200 a second.
        for _ in 66...200 { _ = accept(&stage, "10.0.0.9") }
        #expect(stage.front.counters.refused[.addressRate] == nil)
        _ = accept(&stage, "10.0.0.9")
        #expect(stage.front.counters.refused[.addressRate] == 1)
        stage.pass(.milliseconds(500))
        for _ in 1...101 { _ = accept(&stage, "10.0.0.9") }
        #expect(stage.front.counters.refused[.addressRate] == 2, "half a second brings a hundred")
        for _ in 1...1000 { #expect(accept(&stage, "127.0.0.1", isLoopback: true)) }
    }

    @Test("A tenth of the table may be connections that proved nothing")
    func unproven() {
        var stage = FrontStage(connectionLimit: 1000)
        for number in 0..<101 { #expect(accept(&stage, "10.0.\(number).1") == (number < 100)) }
        #expect(stage.front.counters.refused[.tooManyUnproven] == 1)
    }

    @Test("Every reason is a metric from the start")
    func metrics() {
        let names = FrontStage().front.counters.named.map(\.0)
        for reason in ConnectionRefusal.allCases {
            #expect(names.contains("connections_refused_total{reason=\"\(reason.rawValue)\"}"))
        }
    }

    private func accept(_ stage: inout FrontStage, _ peer: String, isLoopback: Bool = false) -> Bool {
        stage.arrive(peer: peer, isLoopback: isLoopback)
    }

    private static func reason(_ heard: FrontStage.Heard, _ language: FrontStage.Language) -> String {
        switch language {
        case .plain:
            heard.frames.last { $0.hasPrefix("bye ") }?.split(separator: "\"").dropFirst().first.map(String.init) ?? ""
        case .webSocket, .text: heard.closeReason
        }
    }
}
