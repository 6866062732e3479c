import Core
import Testing

@Suite("Things by job place")
struct JobPlaceTableTests {
    @Test("It holds what a dictionary holds, however places come and go", arguments: 1...8)
    func likeADictionary(_ seed: UInt64) {
        var dice = Dice(seed: seed)
        var table = JobPlaceTable<Int>()
        var model: [String: Int] = [:]
        // Few places, so that most are taken again; or many, so that it grows.
        let range: UInt64 = seed.isMultiple(of: 2) ? 40 : 5000
        for step in 0..<20_000 {
            let (kind, key) = (Int(dice.next() % 2), "/b/\(dice.next() % range)")
            let place = JobPlace(kind: kind, key: key)
            switch dice.next() % 3 {
            case 0:
                table[place] = nil
                model["\(kind)\(key)"] = nil
            case 1: #expect(table[place] == model["\(kind)\(key)"])
            default:
                table[place] = step
                model["\(kind)\(key)"] = step
            }
            guard table.count == model.count else {
                Issue.record("seed \(seed), step \(step): \(table.count) and not \(model.count)")
                return
            }
        }
        for kind in 0...1 {
            for key in (0..<range).map({ "/b/\($0)" }) {
                #expect(table[JobPlace(kind: kind, key: key)] == model["\(kind)\(key)"])
            }
        }
    }
}
