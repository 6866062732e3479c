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
                removeValue(forKey: key)
                return
            }
            if let place = placeOf[key] { slots[place] = newValue } else { insert(newValue, key) }
        }
    }

    /// Where the thing of that number is, for as long as it is there. What is large is read and changed in its place.
    @inline(__always) func place(of key: Key) -> Int? { placeOf[key] }

    /// The thing at a place that `place(of:)` answered.
    subscript(at place: Int) -> Value {
        @inline(__always) get { slots[place]! }
        @inline(__always) _modify { yield &slots[place]! }
    }

    @discardableResult
    mutating func removeValue(forKey key: Key) -> Value? {
        guard let place = placeOf.removeValue(forKey: key) else { return nil }
        free.append(place)
        return slots[place].take()
    }

    /// Puts a thing where there is none of that number, and answers its place.
    @discardableResult
    mutating func insert(_ value: consuming Value, _ key: Key) -> Int {
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(value) } else { slots[place] = value }
        placeOf[key] = place
        return place
    }
}

extension NumberTable: Sendable where Value: Sendable {}
