import Core
import Testing

@Suite("Places by number")
struct NumberMapTests {
    @Test("It holds what a dictionary holds, however numbers come and go", arguments: 1...8)
    func likeADictionary(_ seed: UInt64) {
        var dice = Dice(seed: seed)
        var map = NumberMap<MemberNumber>()
        var model: [MemberNumber: Int] = [:]
        // Few numbers, so that they collide; or numbers that only grow, as a front gives them out.
        let range: UInt64 = seed.isMultiple(of: 2) ? 40 : 5000
        for step in 0..<20_000 {
            let number = MemberNumber(rawValue: dice.next() % range)
            switch dice.next() % 3 {
            case 0: #expect(map.removeValue(forKey: number) == model.removeValue(forKey: number))
            case 1: #expect(map[number] == model[number])
            default:
                map[number] = step
                model[number] = step
            }
            guard map.count == model.count else {
                Issue.record("seed \(seed), step \(step): \(map.count) and not \(model.count)")
                return
            }
        }
        #expect(map.keys == model.keys.sorted() && map.isEmpty == model.isEmpty)
        for (number, place) in model { #expect(map[number] == place) }
    }

    @Test("The highest number there is finds no room") func highest() {
        var map = NumberMap<MemberNumber>()
        let highest = MemberNumber(rawValue: .max)
        #expect(map[highest] == nil)
        map[highest] = 1
        map[MemberNumber(rawValue: 0)] = 2
        #expect(map[highest] == nil && map.count == 1 && map[MemberNumber(rawValue: 0)] == 2)
        #expect(map.removeValue(forKey: highest) == nil)
    }
}
