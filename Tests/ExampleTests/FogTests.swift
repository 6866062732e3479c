import BackChannel
import Testing

@Suite("Fog")
struct FogTests {
    private func say(_ word: String) -> [UInt8] { Array("\"\(word)\"".utf8) }

    @Test("Walkers see each other while they are near, and only their own treasure")
    func near() {
        var stage = Rehearsal(Fog.self, seed: 3)
        let (ann, bob) = (stage.join("ann"), stage.join("bob", front: "front-2"))
        stage.tick()
        #expect(stage.view(of: ann).walkers.keys.sorted() == [ann, bob].sorted())
        #expect(Array(stage.view(of: ann).treasures.keys) == [ann])
        #expect(Array(stage.view(of: bob).treasures.keys) == [bob])
        stage.send(say("right"), from: bob)
        stage.tick()
        #expect(stage.view(of: ann).walkers[bob]?.x == 9, "a neighbouring cell")
        stage.send(say("right"), from: bob)
        stage.tick()
        #expect(stage.view(of: ann).walkers[bob] == nil, "out of sight")
        #expect(stage.view(of: bob).walkers.count == 1)
        stage.send(say("right"), from: ann)
        stage.tick()
        #expect(stage.view(of: ann).walkers[bob]?.x == 10 && stage.view(of: bob).walkers[ann]?.x == 9)
    }

    @Test("Who comes back sees what is around now, not what was")
    func away() {
        var stage = Rehearsal(Fog.self, seed: 4)
        let (ann, bob) = (stage.join("ann"), stage.join("bob"))
        stage.tick()
        stage.detach(ann)
        for _ in 0..<3 { stage.send(say("down"), from: bob) }
        stage.tick()
        stage.attach(ann)
        stage.tick()
        #expect(Array(stage.view(of: ann).walkers.keys) == [ann])
        #expect(Array(stage.view(of: bob).walkers.keys) == [bob])
    }
}
