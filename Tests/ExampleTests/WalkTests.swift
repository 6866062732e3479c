import BackChannel
import Testing

@Test("Who says right goes right, and who says nonsense is told so")
func walking() {
    var stage = Rehearsal(Walk.self, seed: 1)
    let ann = stage.join("ann")
    stage.send(Array("\"right\"".utf8), from: ann)
    stage.send(Array("\"up\"".utf8), from: ann)
    stage.tick()
    #expect(stage.view(of: ann).players[ann]?.x == 1)
    #expect(stage.outcomes(of: ann) == [.acked, .refused("say \"left\" or \"right\"")])
}
