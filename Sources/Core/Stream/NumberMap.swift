/// Places by number, for the lookups that every message makes: open addressing over plain integers, one multiplication a look.
///
/// Keys are numbers from 1 that one side of a trunk gives out, so nobody gains by making them collide: a link holds as many as
/// it has members. Keys and places lie beside each other; a removal shifts what was displaced, so there are no graves. The
/// highest number there is finds no room.
package struct NumberMap<Key: WireNumber>: Sendable {
    private struct Entry: Sendable {
        /// 0 is empty.
        var key: UInt64 = 0
        var place = 0
    }

    private var entries: [Entry] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Ascending.
    package var keys: [Key] { entries.filter { $0.key != 0 }.map { Key(rawValue: $0.key - 1) }.sorted() }

    package subscript(key: Key) -> Int? {
        @inline(__always) get {
            let wanted = key.rawValue &+ 1
            guard !entries.isEmpty, wanted != 0 else { return nil }
            let mask = entries.count &- 1
            var at = Self.home(wanted, mask)
            while true {
                let entry = entries[at]
                if entry.key == wanted { return entry.place }
                if entry.key == 0 { return nil }
                at = (at &+ 1) & mask
            }
        }
        set {
            if let newValue { insert(key.rawValue &+ 1, newValue) } else { _ = removeValue(forKey: key) }
        }
    }

    /// Takes a key away, and answers its place if it was there.
    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Int? {
        let wanted = key.rawValue &+ 1
        guard !entries.isEmpty, wanted != 0 else { return nil }
        let mask = entries.count - 1
        var at = Self.home(wanted, mask)
        while entries[at].key != wanted {
            if entries[at].key == 0 { return nil }
            at = (at + 1) & mask
        }
        let place = entries[at].place
        var next = (at + 1) & mask
        while entries[next].key != 0 {
            // What was pushed behind its home may move up to the hole, unless its home lies behind the hole.
            let home = Self.home(entries[next].key, mask)
            if (next &- home) & mask >= (next &- at) & mask {
                entries[at] = entries[next]
                at = next
            }
            next = (next + 1) & mask
        }
        entries[at] = Entry()
        count -= 1
        return place
    }

    private mutating func insert(_ key: UInt64, _ place: Int) {
        guard key != 0 else { return }
        if (count + 1) * 4 > entries.count * 3 { grow() }
        let mask = entries.count - 1
        var at = Self.home(key, mask)
        while entries[at].key != 0, entries[at].key != key { at = (at + 1) & mask }
        if entries[at].key == 0 { count += 1 }
        entries[at] = Entry(key: key, place: place)
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(), count: max(8, old.count * 2))
        count = 0
        for entry in old where entry.key != 0 { insert(entry.key, entry.place) }
    }

    /// Fibonacci hashing: consecutive numbers land far apart.
    @inline(__always)
    private static func home(_ key: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    }
}
