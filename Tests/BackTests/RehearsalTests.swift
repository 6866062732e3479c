import BackChannel
import Testing

@Suite("A rehearsal")
struct RehearsalTests {
    @Test("Joining and the first inputs take one tick, and the client holds what came of them")
    func firstTick() {
        var stage = Rehearsal(Village.self, seed: 1)
        let ann = stage.join("ann")
        stage.send(bytes("3"), from: ann)
        stage.send(bytes("4"), from: ann)
        #expect(stage.place(of: ann) == .waiting)
        #expect(stage.outcomes(of: ann) == [.pending, .pending])
        stage.tick()
        #expect(stage.place(of: ann) == .attached)
        #expect(stage.view(of: ann).houses[ann]?.coins == 7)
        #expect(stage.view(of: ann).houses[ann]?.name == "ann")
        #expect(stage.outcomes(of: ann) == [.acked, .acked])
        #expect(stage.tickCount == 1)
        #expect(stage.view(of: ann).version == stage.version)
    }

    @Test("An input that the rule refuses is answered with the reason and changes nothing")
    func refusal() {
        var stage = Rehearsal(Village.self, seed: 1)
        let ann = stage.join("ann")
        stage.tick()
        let before = stage.version
        stage.send(bytes("many"), from: ann)
        stage.send([0xFF], from: ann)
        stage.tick()
        #expect(stage.outcomes(of: ann) == [.refused("not a number"), .refused("not a text")])
        #expect(stage.version == before)
        #expect(stage.patchByteCount == 0)
    }

    @Test("Everyone at every front sees the same, and the rule's own tables are at hand")
    func manyFronts() {
        var stage = Rehearsal(Village.self, seed: 2)
        let ann = stage.join("ann", front: "east")
        let bob = stage.join("bob", front: "west")
        stage.tick()
        stage.send(bytes("5"), from: bob)
        stage.tick()
        #expect(stage.patchByteCount > 0)
        for reader in [ann, bob] {
            #expect(stage.view(of: reader).houses[bob]?.coins == 5)
            #expect(stage.view(of: reader).houses.count == 2)
        }
        #expect(stage.processor.houses[bob]?.coins == 5)
        stage.processor.houses[ann]?.coins = 100
        stage.tick()
        #expect(stage.view(of: bob).houses[ann]?.coins == 100)
    }

    @Test("A session that lost its connection keeps its inputs and sends them when it is back, at another front too")
    func comeBack() {
        var stage = Rehearsal(Village.self, seed: 3)
        let ann = stage.join("ann", front: "east")
        let bob = stage.join("bob", front: "east")
        stage.tick()
        stage.detach(ann)
        stage.send(bytes("2"), from: ann)
        stage.tick(3)
        #expect(stage.place(of: ann) == .detached)
        #expect(stage.outcomes(of: ann) == [.pending])
        stage.attach(ann, front: "west")
        stage.tick(2)
        #expect(stage.outcomes(of: ann) == [.acked])
        #expect(stage.view(of: bob).houses[ann]?.coins == 2)
        #expect(stage.view(of: ann).houses[ann]?.coins == 2)
        #expect(
            stage.view(of: bob).log.sorted { $0.key < $1.key }.map(\.value.text).suffix(2) == [
                "detached ann", "returned ann",
            ])
    }

    @Test("A front that dies detaches its sessions one by one")
    func frontDies() {
        var stage = Rehearsal(Village.self, seed: 3)
        stage.join("ann", front: "east")
        stage.join("bob", front: "east")
        let cleo = stage.join("cleo", front: "west")
        stage.tick()
        stage.unlink(front: "east")
        stage.tick()
        let log = stage.view(of: cleo).log.sorted { $0.key < $1.key }.map(\.value.text)
        #expect(log.suffix(2) == ["detached ann", "detached bob"])
    }

    @Test("Away for two minutes is gone: the rule is told, and what was not acked is undecided")
    func expiry() {
        var stage = Rehearsal(Village.self, seed: 4)
        let ann = stage.join("ann")
        let bob = stage.join("bob")
        stage.tick()
        stage.detach(ann)
        stage.tick()
        stage.send(bytes("9"), from: ann)
        stage.tick(after: .seconds(119))
        #expect(stage.view(of: bob).houses[ann] != nil)
        stage.tick(after: .seconds(1))
        #expect(stage.view(of: bob).houses[ann] == nil)
        stage.attach(ann)
        stage.tick()
        #expect(stage.outcomes(of: ann) == [.undecided])
        #expect(stage.view(of: ann).houses[ann]?.coins == 0)
    }

    @Test("Leaving, refused requests and dismissals say so")
    func ends() {
        var stage = Rehearsal(Village.self, seed: 5)
        let ann = stage.join("ann")
        let mallory = stage.join("mallory")
        let gale = stage.join("gale")
        let odd = stage.join("odd", front: "stranger")
        stage.tick()
        #expect(stage.place(of: mallory) == .dismissed("not you"))
        #expect(stage.place(of: odd) == .dismissed("no strangers"))
        #expect(stage.welcome(of: gale) == [7])
        #expect(stage.welcome(of: ann) == [])
        stage.leave(ann)
        stage.send(bytes("go"), from: gale)
        stage.tick()
        #expect(stage.place(of: ann) == .left)
        #expect(stage.place(of: gale) == .dismissed("gone with the wind"))
        #expect(stage.processor.houses.isEmpty)
    }

    @Test("Messages reach sessions and fronts in order")
    func messages() {
        var stage = Rehearsal(Village.self, seed: 6)
        let ann = stage.join("ann", front: "east")
        let bob = stage.join("bob", front: "west")
        stage.send(bytes("shout"), from: ann)
        stage.tick()
        stage.message([5], from: bob)
        stage.message([6], fromFront: "east")
        stage.tick()
        #expect(stage.messages(to: ann) == [bytes("hear")])
        #expect(stage.messages(to: bob) == [bytes("hear"), [1]])
        #expect(stage.messages(toFront: "west") == [[5]])
        #expect(stage.messages(toFront: "east") == [[6]])
    }

    @Test("300 inputs in a row that change nothing are all acked, 64 a tick")
    func inputsThatChangeNothing() {
        var stage = Rehearsal(Village.self, seed: 7)
        let ann = stage.join("ann")
        stage.tick()
        let version = stage.version
        for _ in 0..<300 { stage.send(bytes("still"), from: ann) }
        for tick in 1...5 {
            stage.tick()
            #expect(stage.outcomes(of: ann).filter { $0 == .acked }.count == min(300, tick * 64))
        }
        #expect(stage.version == version)
    }

    @Test("A reader may not write")
    func readersDoNotWrite() {
        var stage = Rehearsal(Village.self, seed: 8)
        let ann = stage.join(claims: ["name": "ann"], role: .reader)
        stage.send(bytes("3"), from: ann)
        stage.tick(2)
        #expect(stage.view(of: ann).houses[ann]?.coins == 0)
        #expect(stage.outcomes(of: ann) == [.pending])
    }

    @Test("The same seed gives the same ids and states", arguments: [UInt64(1), 2, 99])
    func seeds(seed: UInt64) {
        func run() -> ([SessionID], UInt64) {
            var stage = Rehearsal(Village.self, seed: seed)
            let ids = ["ann", "bob", "cleo"].map { stage.join($0) }
            stage.tick(4)
            return (ids, stage.version)
        }
        #expect(run() == run())
    }
}
