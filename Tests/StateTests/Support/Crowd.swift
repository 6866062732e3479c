import State

/// A state whose rows move between audiences at random, with everything that a front would keep of each audience.
struct Crowd {
    /// One audience's change: it goes on from `base`, the last version at which that audience changed.
    struct Step {
        let base: Int
        let version: Int
        let patch: [UInt8]
        let hash: UInt64
    }

    struct Card: Row {
        var face: Int16 = 0, suit = "", up: Bool?
        static let schema = Schema<Card>(.field("face", \.face), .field("suit", \.suit), .field("up", \.up))
    }

    var state = State()
    let cards: Table<Int, Card>
    let notes: Table<String, World.Note>
    /// Those that are sent, in ascending order.
    let audiences: [Audience]
    private(set) var version = 0
    private(set) var steps: [UInt64: [Step]] = [:]
    /// What each audience has, at each version.
    private(set) var snapshots: [[UInt64: [UInt8]]] = [[:]]

    init() {
        cards = state.table("cards")
        notes = state.table("notes")
        let names = [state.audience("red"), state.audience("blue"), state.audience(of: SessionID(high: 0, low: 1))]
        audiences = [.everyone] + names
    }

    var numbers: [UInt64] { audiences.map(\.wireNumber) }

    /// A tick of random writes and moves; answers what each audience was owed.
    mutating func tick(_ dice: inout Dice) throws -> [AudienceChange] {
        for _ in 0..<1 + dice.below(6) { write(&dice) }
        let changes = state.closeAudiences()
        guard !changes.isEmpty else { return [] }
        version += 1
        try Histories.check(
            state.snapshots(of: audiences) == audiences.map { state.snapshot(of: $0) }, "the snapshots in one pass")
        snapshots.append(
            Dictionary(uniqueKeysWithValues: audiences.map { ($0.wireNumber, state.snapshot(of: $0)) }))
        for change in changes {
            let number = change.audience.wireNumber
            try Histories.check(numbers.contains(number), "a change of audience \(number)")
            try Histories.check(!change.patch.isEmpty, "an empty patch")
            try Histories.check(change.hash == state.hash(of: change.audience), "the hash of the change")
            let step = Step(
                base: steps[number]?.last?.version ?? 0, version: version, patch: change.patch,
                hash: change.hash.rawValue)
            steps[number, default: []].append(step)
        }
        return changes
    }

    /// The section that leads from `held` to now, of an audience that is held whole; nil if it did not change since.
    func catchUp(_ audience: UInt64, from held: Int) throws -> StateSection? {
        let missed = (steps[audience] ?? []).filter { $0.version > held }
        guard let first = missed.first, let last = missed.last else { return nil }
        let patch = try Patch.squash(missed.map(\.patch))
        return StateSection(
            audience: audience, base: UInt64(max(first.base, 1)), version: UInt64(last.version), hash: last.hash,
            patch: patch)
    }

    /// The section that brings all of an audience as it is now.
    mutating func whole(_ audience: UInt64) -> StateSection {
        StateSection(
            audience: audience, base: 0, version: UInt64(version),
            hash: Audience(wireNumber: audience).map { state.hash(of: $0).rawValue },
            schema: audience == 0 ? state.schema : nil, patch: snapshots[version][audience] ?? [])
    }

    private func write(_ dice: inout Dice) {
        let key = dice.below(6)
        let note = dice.pick(["a", "b", "", "e\u{301}"])
        let audience = dice.pick(audiences + [.nobody])
        switch dice.below(12) {
        case 0...1: cards[key, for: audience] = .random(&dice)
        case 2...3: cards.move(key, to: audience)
        case 4: cards[key] = .random(&dice)
        case 5: cards[key]?.face = Int16(dice.below(3))
        case 6: cards[key] = nil
        case 7: notes[note, for: audience] = World.Note(text: dice.pick(Everything.texts), votes: dice.below(2))
        case 8: notes.move(note, to: audience)
        case 9: notes[note] = dice.once(in: 2) ? nil : World.Note(text: note, votes: 1)
        case 10: cards.replaceAll(with: (0..<dice.below(6)).map { ($0, Card(face: Int16($0))) })
        default: for key in 0..<4 where dice.once(in: 2) { cards.move(key, to: audience) }
        }
    }
}

extension Crowd.Card {
    static func random(_ dice: inout Dice) -> Crowd.Card {
        Crowd.Card(
            face: Int16(dice.below(200)), suit: dice.pick(["", "hearts", "spades of the deep sea"]),
            up: dice.pick([nil, true, false]))
    }
}

/// A reader of a crowd: in some audiences, here or away, with its mirror.
struct Onlooker {
    var mirror = ChannelMirror()
    private var listed: [UInt64] = []
    private var isAway = true

    /// Something happens to it, perhaps: it leaves, comes back, joins or leaves audiences. Then it is brought to now.
    mutating func follow(_ crowd: inout Crowd, _ changes: [AudienceChange], _ dice: inout Dice) throws {
        guard crowd.version > 0 else { return }
        let before = Self.rows(mirror)
        let told: [MirrorChange]
        if isAway || dice.once(in: 4) {
            isAway = dice.once(in: 3)
            guard !isAway else { return }
            told = try attach(&crowd, &dice)
        } else {
            for change in changes where listed.contains(change.audience.wireNumber) {
                guard let section = try crowd.catchUp(change.audience.wireNumber, from: Int(mirror.version)) else {
                    continue
                }
                try mirror.receive(section)
            }
            told = try mirror.commit(base: mirror.version, version: UInt64(crowd.version))
        }
        try check(crowd, before, told)
    }

    private mutating func attach(_ crowd: inout Crowd, _ dice: inout Dice) throws -> [MirrorChange] {
        listed = [0] + crowd.numbers.dropFirst().filter { _ in dice.once(in: 2) }
        let kept = mirror.audiences.filter { listed.contains($0) && !dice.once(in: 6) }
        mirror.setAudiences(listed: listed, kept: kept)
        let held = mirror.version
        for audience in listed {
            if kept.contains(audience) {
                if let section = try crowd.catchUp(audience, from: Int(held)) { try mirror.receive(section) }
            } else {
                try mirror.receive(crowd.whole(audience))
            }
        }
        return try mirror.commit(base: held, version: UInt64(crowd.version))
    }

    private func check(
        _ crowd: Crowd, _ before: [RowPlace: [FieldValue]], _ told: [MirrorChange]
    ) throws {
        try Histories.check(mirror.disagreement == nil, "\(mirror.disagreement.map { "\($0)" } ?? "")")
        try Histories.check(mirror.audiences == listed, "the audiences held")
        for audience in listed {
            try Histories.check(
                mirror.encoded(audience: audience) == crowd.snapshots[crowd.version][audience], "audience \(audience)")
            let hash = Audience(wireNumber: audience).map { crowd.state.hash(of: $0) }
            try Histories.check(mirror.hash(audience: audience) == hash, "the hash of audience \(audience)")
        }
        try Histories.check(told == Self.changes(before, Self.rows(mirror)), "what was told: \(told)")
    }

    struct RowPlace: Hashable, Comparable {
        let table: Int
        let key: RowKey
        static func < (one: Self, other: Self) -> Bool { (one.table, one.key) < (other.table, other.key) }
    }

    private static func rows(_ mirror: ChannelMirror) -> [RowPlace: [FieldValue]] {
        var rows: [RowPlace: [FieldValue]] = [:]
        for (number, table) in mirror.schema.tables.enumerated() {
            guard let table = mirror.table(table.name) else { continue }
            for key in table.keys { rows[RowPlace(table: number, key: key)] = table[key] }
        }
        return rows
    }

    /// What differs, worked out the slow way.
    private static func changes(
        _ before: [RowPlace: [FieldValue]], _ after: [RowPlace: [FieldValue]]
    ) -> [MirrorChange] {
        Set(before.keys).union(after.keys).sorted().compactMap { place in
            let kind: MirrorChange.Kind
            switch (before[place], after[place]) {
            case (nil, _): kind = .added
            case (_, nil): kind = .removed
            case (let old?, let new?):
                let mask = zip(old, new).enumerated().reduce(0 as UInt64) {
                    $1.element.0 == $1.element.1 ? $0 : $0 | 1 << UInt64($1.offset)
                }
                guard mask != 0 else { return nil }
                kind = .changed(mask: mask)
            }
            return MirrorChange(table: place.table, key: place.key, kind: kind)
        }
    }
}
