/// Things by the number that we gave them, one look without hashing. In place of a dictionary where every read looks.
struct NumberTable<Key: WireNumber, Value> {
    private var placeOf = NumberMap<Key>()
    private var slots: [Value?] = []
    private var free: [Int] = []

    var count: Int { placeOf.count }
    var isEmpty: Bool { placeOf.isEmpty }
    /// Ascending.
    var keys: [Key] { placeOf.keys }
    /// How many slots there are, for who looks at some of them at a time; one may be empty.
    var slotCount: Int { slots.count }
    func value(inSlot slot: Int) -> Value? { slots[slot] }
    /// In no order that means anything.
    var values: some Sequence<Value> { slots.lazy.compactMap { $0 } }

    subscript(key: Key) -> Value? {
        @inline(__always) get { placeOf[key].flatMap { slots[$0] } }
        set {
            guard let newValue else {
                guard let place = placeOf.removeValue(forKey: key) else { return }
                slots[place] = nil
                free.append(place)
                return
            }
            if let place = placeOf[key] {
                slots[place] = newValue
                return
            }
            let place = free.popLast() ?? slots.count
            if place == slots.count { slots.append(newValue) } else { slots[place] = newValue }
            placeOf[key] = place
        }
    }
}
