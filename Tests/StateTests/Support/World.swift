import State

/// A state of three tables with every kind of key, driven at random, with everything that a front or client would keep.
struct World {
    var state = State()
    let units: Table<Int, Everything>
    let notes: Table<String, Note>
    let seats: Table<SessionID, Seat>

    /// The snapshot at each version from 0 on, and the patch that leads to it from the one before.
    private(set) var snapshots: [[UInt8]]
    private(set) var patches: [[UInt8]] = [[]]

    struct Note: Row {
        var text = "", votes = 0
        static let schema = Schema<Note>(.field("text", \.text), .field("votes", \.votes))
    }

    /// A row without fields: being there is all it says.
    struct Seat: Row {
        static let schema = Schema<Seat>()
    }

    init() {
        units = state.table("units")
        notes = state.table("notes")
        seats = state.table("seats")
        snapshots = [[]]
    }

    var version: Int { snapshots.count - 1 }

    /// A tick of random writes; answers the section it gave, nil if nothing changed.
    mutating func tick(_ dice: inout Dice) -> StateSection? {
        for _ in 0..<dice.below(10) { write(&dice) }
        guard let patch = state.close() else { return nil }
        patches.append(patch)
        snapshots.append(state.snapshot())
        return section(version)
    }

    /// Another world with the same rows, and what its first close gave.
    func again() -> (world: World, closed: [UInt8]) {
        var world = World()
        for (key, row) in units { world.units[key] = row }
        for (key, row) in notes { world.notes[key] = row }
        var next: UInt64 = 1
        for (key, row) in seats {
            // Numbers are part of what is equal: those that this world gave to others are given to nobody there.
            while let number = state.number(of: key)?.rawValue, next < number {
                let nobody = SessionID(high: .max, low: next)
                world.state.hold(nobody)
                world.state.release(nobody)
                next += 1
            }
            world.seats[key] = row
            next += 1
        }
        return (world, world.close() ?? [])
    }

    mutating func close() -> [UInt8]? { state.close() }

    /// The section that leads to `version` from the one before; with the schema at the first.
    func section(_ version: Int) -> StateSection {
        StateSection(
            base: UInt64(version - 1), version: UInt64(version), schema: version == 1 ? state.schema : nil,
            patch: patches[version])
    }

    /// A mirror that was given the snapshot at `version`, which is at least 1.
    func mirror(at version: Int) throws -> ChannelMirror {
        var mirror = ChannelMirror()
        try mirror.receive(
            StateSection(base: 0, version: UInt64(version), schema: state.schema, patch: snapshots[version]))
        _ = try mirror.commit(base: 0, version: UInt64(version))
        return mirror
    }

    /// All patches after `base` up to `version` in one.
    func squashed(_ base: Int, _ version: Int) throws -> [UInt8] {
        var squashed = patches[base + 1]
        for next in patches[(base + 1)...version].dropFirst() { squashed = try Patch.squash(squashed, next) }
        return squashed
    }

    private func write(_ dice: inout Dice) {
        let unit = dice.pick([.min, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 1000, .max])
        let note = dice.pick(Everything.texts)
        let seat = SessionID(high: UInt64(dice.below(2)), low: UInt64(dice.below(3)))
        switch dice.below(14) {
        case 0...3: units[unit] = .random(&dice)
        case 4...6: units[unit]?.vary(&dice)
        case 7: units[unit] = nil
        case 8: for key in 0..<6 { units[key]?.int16 &+= 1 }
        case 9: notes[note, default: World.Note()].votes += 1
        case 10: notes[note] = dice.once(in: 2) ? nil : World.Note(text: dice.pick(Everything.texts), votes: 0)
        case 11: seats[seat] = seats.contains(seat) ? nil : World.Seat()
        case 12 where dice.once(in: 3): units.removeAll()
        default: units.replaceAll(with: (0..<dice.below(8)).map { ($0, Everything()) })
        }
    }
}
