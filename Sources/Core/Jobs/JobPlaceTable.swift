/// Things by place: open addressing over the hashes that places bring along. A removal shifts what was displaced, so there are
/// no graves. Never walked, because hashes differ from run to run.
package struct JobPlaceTable<Value: Sendable>: Sendable {
    /// Indices of `places` and `values`; -1 is empty.
    private var buckets: [Int] = []
    private var places: [JobPlace] = []
    private var values: [Value?] = []
    private var free: [Int] = []

    package init() {}

    package var count: Int { values.count - free.count }

    package subscript(place: JobPlace) -> Value? {
        @inline(__always) get { bucket(of: place).flatMap { values[buckets[$0]] } }
        set {
            guard let newValue else { return remove(place) }
            if let bucket = bucket(of: place) {
                values[buckets[bucket]] = newValue
            } else {
                insert(newValue, place)
            }
        }
    }

    /// Where the thing is, for as long as it is there.
    @inline(__always) func index(of place: JobPlace) -> Int? { bucket(of: place).map { buckets[$0] } }

    /// The thing at an index that `index(of:)` answered.
    subscript(at index: Int) -> Value {
        @inline(__always) get { values[index]! }
        @inline(__always) _modify { yield &values[index]! }
    }

    /// Puts a thing where there is none, and answers its index.
    @discardableResult
    mutating func insert(_ value: Value, _ place: JobPlace) -> Int {
        if (count + 1) * 4 > buckets.count * 3 { grow() }
        let index = free.popLast() ?? places.count
        if index == places.count {
            places.append(place)
            values.append(value)
        } else {
            places[index] = place
            values[index] = value
        }
        enter(index, place.hash)
        return index
    }

    private mutating func remove(_ place: JobPlace) {
        guard var hole = bucket(of: place) else { return }
        let index = buckets[hole]
        (places[index], values[index]) = (.nowhere, nil)
        free.append(index)
        let mask = buckets.count - 1
        var next = (hole + 1) & mask
        while buckets[next] >= 0 {
            // What was pushed behind its home may move up to the hole, unless its home lies behind the hole.
            let home = places[buckets[next]].hash & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                buckets[hole] = buckets[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        buckets[hole] = -1
    }

    @inline(__always)
    private func bucket(of place: JobPlace) -> Int? {
        guard !buckets.isEmpty else { return nil }
        let mask = buckets.count &- 1
        var bucket = place.hash & mask
        while buckets[bucket] >= 0 {
            if places[buckets[bucket]] == place { return bucket }
            bucket = (bucket &+ 1) & mask
        }
        return nil
    }

    private mutating func grow() {
        let indices = buckets.filter { $0 >= 0 }
        buckets = Array(repeating: -1, count: max(8, buckets.count * 2))
        for index in indices { enter(index, places[index].hash) }
    }

    private mutating func enter(_ index: Int, _ hash: Int) {
        let mask = buckets.count - 1
        var bucket = hash & mask
        while buckets[bucket] >= 0 { bucket = (bucket + 1) & mask }
        buckets[bucket] = index
    }
}
