import Core
import Testing

@Suite("Channels with an owner by the operator's word") struct ChannelPlacementTests {
    private static func ids(_ count: Int) -> [String] { (0..<count).map { "room/\($0)" } }

    @Test(
        "C34: channels are dealt evenly, remainders included: no back has two more than another",
        arguments: [(10, 3, [4, 3, 3]), (9, 3, [3, 3, 3]), (2, 5, [1, 1, 0, 0, 0]), (0, 2, [0, 0]), (7, 1, [7])])
    func even(channels: Int, backs: Int, counts: [Int]) throws {
        let placement = try ChannelPlacement(spread: Self.ids(channels), place: [], backCount: backs)
        #expect((1...backs).map { placement.channels["back-\($0)"]?.count ?? 0 } == counts)
        let all = placement.channels.values.flatMap { $0.map(\.text) }
        #expect(Set(all).count == channels && all.count == channels, "each once")
    }

    @Test("C34: a placed channel is routed to its owner whatever the hash says, and others go as before")
    func routed() throws {
        let placement = try ChannelPlacement(spread: Self.ids(12), place: [], backCount: 3)
        var stage = HubStage(fronts: 1, backs: 3, placement: placement)
        for back in 1...3 { stage.announce("back", "back-\(back)", families: ["room/*"]) }
        let directory = stage.core.directory
        for number in 0..<12 {
            let id = try ChannelID("room/\(number)")
            #expect(directory.back(for: id)?.name == "back-\(number % 3 + 1)")
        }
        let other = try ChannelID("room/other")
        #expect(directory.back(for: other)?.name == HubStage.hashed(other, over: 3))
        stage.exit("back-2", .signal(9))
        #expect(stage.core.directory.back(for: try ChannelID("room/1"))?.name == "back-2", "it keeps its channels")
    }

    @Test("C35: a channel placed at a back that does not serve it is said so when that back announces itself")
    func misplaced() throws {
        let placement = try ChannelPlacement(spread: [], place: ["lobby=back-1", "room/1=1"], backCount: 1)
        var stage = HubStage(fronts: 0, backs: 1, placement: placement)
        _ = stage.said()
        stage.announce("back", "back-1", families: ["room/*"])
        let notices = stage.said().compactMap { directive -> String? in
            if case .notice(.misplaced(let name, let channel)) = directive { "\(name) \(channel.text)" } else { nil }
        }
        #expect(notices == ["back-1 lobby"])
    }

    @Test(
        "C35: a second owner, a back that is missing and what is no channel are refused, with the place among the values",
        arguments: [
            (["a"], ["b=1", "a=2"], "--channel: 'a' has an owner already: back-2", 0),
            ([], ["a=1", "b=2", "a=back-2"], "--place: 'a' has an owner already: back-1", 2),
            ([], ["a=1", "b=back-3"], "--place: there is no 'back-3' to own 'b'; there are back-1 to back-2", 1),
            ([], ["a=front-1"], "--place: there is no 'front-1'", 0),
            ([], ["a"], "--place: 'a' is not CHANNEL=BACK", 0),
            (["x", "no//good"], [], "--channel: 'no//good' is no channel", 1),
        ])
    func mistakes(spread: [String], place: [String], words: String, number: Int) {
        let mistake = #expect(throws: ChannelPlacement.Mistake.self) {
            try ChannelPlacement(spread: spread, place: place, backCount: 2)
        }
        #expect(mistake?.description.hasPrefix(words) == true, "\(String(describing: mistake))")
        switch mistake {
        case .spread(let found, _), .place(let found, _): #expect(found == number)
        case nil: break
        }
    }
}
