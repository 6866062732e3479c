import State

/// What a front keeps of a link's audiences beside everyone: a history of each that the back sends.
///
/// The back says when one begins, with a section from nothing, and when it is dropped. As long as a member of the link is in
/// an audience its place is good.
struct FrontAudiences {
    /// An audience's number and where its history is.
    struct Place: Equatable {
        let number: AudienceNumber
        let slot: Int
    }

    private(set) var histories: [History?] = []
    private var slotOf: [AudienceNumber: Int] = [:]
    private var freeSlots: [Int] = []

    var count: Int { slotOf.count }
    /// Whether one of the histories leads nowhere.
    var isDamaged: Bool { histories.contains { $0?.isDamaged ?? false } }

    func place(of number: AudienceNumber) -> Place? { slotOf[number].map { Place(number: number, slot: $0) } }

    /// The places of these audiences, everyone left out; nil if the back named one that it never sent.
    func places(of numbers: [AudienceNumber]) -> [Place]? {
        var places: [Place] = []
        places.reserveCapacity(numbers.count)
        for number in numbers where number != .everyone {
            guard let slot = slotOf[number] else { return nil }
            places.append(Place(number: number, slot: slot))
        }
        return places
    }

    /// A history from nothing, in the place of the one that was there.
    mutating func begin(_ history: History) {
        if let slot = slotOf[history.audience] {
            histories[slot] = history
            return
        }
        let slot = freeSlots.popLast() ?? histories.count
        if slot == histories.count { histories.append(history) } else { histories[slot] = history }
        slotOf[history.audience] = slot
    }

    /// False if the change does not join on to what is kept.
    mutating func append(_ section: StagedTick.Section, _ mark: Mark) -> Bool {
        guard let slot = slotOf[section.audience] else { return false }
        return histories[slot]?.append(section.entry(mark)) ?? false
    }

    mutating func catchUp(_ place: Place, from held: Version?) -> History.CatchUp? {
        histories[place.slot]?.catchUp(from: held)
    }

    var isSquashing: Bool { histories.contains { $0?.isSquashing ?? false } }

    /// Goes on with the first squash under way. True once it is there.
    mutating func step(byteLimit: Int) -> Bool {
        guard let slot = histories.firstIndex(where: { $0?.isSquashing ?? false }) else { return false }
        return histories[slot]!.step(byteLimit: byteLimit)
    }

    mutating func drop(_ number: AudienceNumber) {
        guard let slot = slotOf.removeValue(forKey: number) else { return }
        histories[slot] = nil
        freeSlots.append(slot)
    }
}
