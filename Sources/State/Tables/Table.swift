/// A handle to one table of a state: rows by key. Copies of a handle are the same table.
///
/// Reading answers a copy of the row; writing marks it as touched, and at the end of the tick what really differs is
/// sent. `players[id]?.x += 1` and `players[id] = nil` work with a `let` handle. Everything that goes through rows goes in
/// key order (integers ascending, texts by their bytes, sessions in the order of their numbers), so that every run does
/// the same.
/// A handle belongs to the loop of its channel and must not leave it.
public struct Table<K: TableKey, R: Row> {
    let storage: TableStorage<K, R>

    /// The row of `key`; nil if there is none. Setting nil removes it.
    public subscript(key: K) -> R? {
        get { storage.row(key) }
        nonmutating set {
            if let newValue { storage.put(newValue, key) } else { storage.remove(key) }
        }
    }

    /// The row of `key`, or what it would be without one; setting puts it there.
    public subscript(key: K, default row: @autoclosure () -> R) -> R {
        get { storage.row(key) ?? row() }
        nonmutating set { storage.put(newValue, key) }
    }

    /// The row of `key`, if it is one of `audience`. Setting puts it there, or moves it there; setting nil removes the
    /// row of `key` whoever sees it.
    ///
    /// Plain `table[key] = row` leaves a row in its audience, and makes a new one for everyone.
    public subscript(key: K, for audience: Audience) -> R? {
        get { storage.audience(of: key) == audience ? storage.row(key) : nil }
        nonmutating set {
            if let newValue { storage.put(newValue, key, for: audience) } else { storage.remove(key) }
        }
    }

    /// Who may see the row of `key`; nil if there is none.
    public func audience(of key: K) -> Audience? { storage.audience(of: key) }

    /// Lets `audience`, and nobody else, see the row of `key`. Does nothing where there is no row.
    public func move(_ key: K, to audience: Audience) { storage.move(key, to: audience) }

    /// The table's name, as clients know it.
    public var name: String { storage.name }

    public var count: Int { storage.count }

    public var isEmpty: Bool { storage.count == 0 }

    public func contains(_ key: K) -> Bool { storage.contains(key) }

    /// All keys, in order. Sorting happens when rows came or went since the last time.
    public var keys: [K] { storage.liveOrder().compactMap { K(keyBits: storage.keys[Int($0)]) } }

    /// Calls `body` with every row, in key order, to be changed in place.
    public func updateEach<E: Error>(_ body: (K, inout R) throws(E) -> Void) throws(E) {
        for key in keys {
            guard var row = storage.row(key) else { continue }
            try body(key, &row)
            if storage.contains(key) { storage.put(row, key) }
        }
    }

    public func removeAll() { storage.removeAll() }

    /// Makes the table hold exactly these rows; of two with one key the later counts. Only what differs is sent.
    /// Rows that were there keep their audiences, new ones are for everyone.
    public func replaceAll(with rows: some Sequence<(key: K, value: R)>) { storage.replaceAll(with: rows) }
}

/// `for (id, player) in players`: the rows in key order. Rows may be written, added and removed meanwhile: each is seen
/// as it is when its turn comes, none twice, and none that was removed before its turn.
extension Table: Sequence {
    public struct Iterator: IteratorProtocol {
        fileprivate let storage: TableStorage<K, R>
        fileprivate var keys: IndexingIterator<[K]>

        public mutating func next() -> (key: K, value: R)? {
            while let key = keys.next() {
                if let row = storage.row(key) { return (key, row) }
            }
            return nil
        }
    }

    public func makeIterator() -> Iterator { Iterator(storage: storage, keys: keys.makeIterator()) }

    public var underestimatedCount: Int { count }
}
