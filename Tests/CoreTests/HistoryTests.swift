import Core
import Foundation
import State
import Testing

@Suite("A front's history")
struct HistoryTests {
    /// A diary's table, changed at random for `count` versions; with the snapshot of each.
    private static func run(_ count: Int, seed: UInt64) -> (History, [UInt64: [UInt8]], SchemaDescription) {
        var dice = Dice(seed: seed)
        var state = State()
        let lines: Table<Int, Diary.Line> = state.table("lines")
        let sums: Table<SessionID, Diary.Sum> = state.table("sums")
        _ = state.close()
        var history = History(
            link: LinkNumber(rawValue: 1), lineage: Lineage(rawValue: 9), schemaBytes: state.schemaBytes,
            snapshot: state.snapshot(), version: Version(rawValue: 1), tick: TickNumber(rawValue: 1))
        var snapshots: [UInt64: [UInt8]] = [1: state.snapshot()]
        for version in 2...UInt64(count) {
            let key = Int(dice.next() % 40)
            lines[key] = dice.next() % 3 == 0 ? nil : Diary.Line(text: "\(dice.next() % 9)")
            sums[SessionID(high: 0, low: dice.next() % 9), default: Diary.Sum()].count += 1
            guard let patch = state.close() else { continue }
            let isJoined = history.append(
                base: Version(rawValue: version - 1), version: Version(rawValue: version),
                tick: TickNumber(rawValue: version), patch: patch, frames: [])
            #expect(isJoined)
            snapshots[version] = state.snapshot()
        }
        return (history, snapshots, state.schema)
    }

    @Test("Patches that do not join, as no back of ours sends them, are found and end nothing")
    func doesNotJoin() throws {
        var (state, other) = (State(), State())
        let lines: Table<Int, Diary.Line> = state.table("lines")
        let others: Table<Int, Diary.Line> = other.table("lines")
        lines[1] = Diary.Line(text: "a")
        others[1] = Diary.Line(text: "a")
        _ = (state.close(), other.close())
        var history = History(
            link: LinkNumber(rawValue: 1), lineage: Lineage(rawValue: 9), schemaBytes: state.schemaBytes,
            snapshot: state.snapshot(), version: Version(rawValue: 1), tick: TickNumber(rawValue: 1))
        lines[1] = nil
        let removed = state.close()
        let removal = try #require(removed)
        var isJoined = true
        for version in 2...UInt64(Limits.historyPatches + 2) {
            others[1]?.text = "\(version)"
            let closed = other.close()
            let set = try #require(closed)
            isJoined = history.append(
                base: Version(rawValue: version - 1), version: Version(rawValue: version),
                tick: TickNumber(rawValue: version), patch: version == 2 ? removal : set, frames: [])
            if version == 40 {
                #expect(isJoined && !history.isDamaged)
                guard case .upToDate = history.catchUp(from: Version(rawValue: 1)) else {
                    Issue.record("a squash of patches that do not join")
                    return
                }
                #expect(history.isDamaged && history.wholePatch == history.keyframe.patch)
            }
        }
        #expect(!isJoined)
    }

    @Test(
        "From every version that was, catching up gives the same state, in a bounded number of patches",
        arguments: [UInt64(1), 2, 3])
    func catchUp(seed: UInt64) throws {
        var (history, snapshots, schema) = Self.run(700, seed: seed)
        let newest = history.version
        #expect(history.wholePatch == snapshots[newest.rawValue])
        #expect(history.entries.count <= Limits.historyPatches + 1)
        for held in [nil] + (1...newest.rawValue).map({ Optional($0) }) {
            var mirror = ChannelMirror()
            if let held, let snapshot = snapshots[held] {
                try mirror.receive(StateSection(base: 0, version: held, schema: schema, patch: snapshot))
                _ = try mirror.commit(base: 0, version: held)
            }
            var patches: [History.Entry] = []
            switch history.catchUp(from: held.map(Version.init(rawValue:))) {
            case .later: Issue.record("a small history has it at once")
            case .upToDate: #expect(held == newest.rawValue)
            case .entries(let first): patches = Array(history.entries[first...])
            case .squash(let entry, let first): patches = [entry] + history.entries[first...]
            case .snapshot(let keyframe, let first): patches = [keyframe] + history.entries[first...]
            }
            #expect(patches.count <= 34)
            for entry in patches {
                try mirror.receive(
                    StateSection(
                        base: entry.base.rawValue, version: entry.version.rawValue,
                        schema: entry.base == .nothing ? schema : nil, patch: entry.patch))
                _ = try mirror.commit(base: entry.base.rawValue, version: entry.version.rawValue)
            }
            #expect(mirror.version == newest.rawValue)
            #expect(mirror.encoded() == snapshots[newest.rawValue], "from \(held ?? 0), seed \(seed)")
        }
    }

    /// 2,000 random histories, or as many as SWITCHBACK_HISTORIES says, in shards that run beside each other.
    private static let shards = Array(0..<20 as Range<UInt64>)
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("Whatever a random history answers whoever asks leads to its newest state", arguments: shards)
    func answers(shard: UInt64) throws {
        let seeds = stride(from: shard, to: Self.number("SWITCHBACK_HISTORIES") ?? 2_000, by: Self.shards.count)
        if let seed = Self.number("SWITCHBACK_SEED") {
            if shard == 0 { try Self.answer(seed) }
        } else {
            for seed in seeds { try Self.answer(seed) }
        }
    }

    /// A history, mostly short, sometimes long enough to be trimmed, asked once; what failed names the seed.
    private static func answer(_ seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let last = dice.next() % 500 == 0 ? 300 : 1 + dice.next() % 45
        let held = dice.next() % (last + 1)
        var state = State()
        let lines: Table<Int, Diary.Line> = state.table("lines")
        _ = state.close()
        var (history, before, version): (History?, [UInt8], UInt64) = (nil, [], 0)
        while version < last {
            for _ in 0...dice.next() % 3 {
                let key = Int(dice.next() % 12)
                lines[key] = dice.next() % 3 == 0 ? nil : Diary.Line(text: dice.next() % 2 == 0 ? "a" : "\(version)")
            }
            guard let patch = state.close() else { continue }
            version += 1
            let (at, tick) = (Version(rawValue: version), TickNumber(rawValue: version))
            if history == nil {
                history = History(
                    link: LinkNumber(rawValue: 1), lineage: Lineage(rawValue: 9), schemaBytes: state.schemaBytes,
                    snapshot: state.snapshot(), version: at, tick: tick)
            } else {
                let base = Version(rawValue: version - 1)
                let isJoined = history?.append(base: base, version: at, tick: tick, patch: patch, frames: [])
                if isJoined != true {
                    throw Broken(description: "SWITCHBACK_SEED=\(seed): \(version) does not join on")
                }
            }
            if version == held { before = state.snapshot() }
            // Others ask meanwhile, which moves the keyframe and leaves squashes behind.
            if dice.next() % 8 == 0 { _ = history?.catchUp(from: dice.next() % 2 == 0 ? nil : Version(rawValue: held)) }
        }
        guard var history else { return }
        let mirror = try catchUp(&history, from: held, before, state.schema)
        guard mirror.encoded() == state.snapshot(), mirror.version == last, history.wholePatch == state.snapshot()
        else {
            throw Broken(description: "SWITCHBACK_SEED=\(seed): from \(held) to \(last)")
        }
    }

    /// What a client that holds `before` at `held` (0: nothing) has when it took the answer.
    private static func catchUp(
        _ history: inout History, from held: UInt64, _ before: [UInt8], _ schema: SchemaDescription
    ) throws -> ChannelMirror {
        var mirror = ChannelMirror()
        if held > 0 { mirror = try ChannelMirror(schema: schema.encoded, version: held, state: before) }
        var patches: [History.Entry] = []
        switch history.catchUp(from: held == 0 ? nil : Version(rawValue: held)) {
        case .upToDate, .later: break
        case .entries(let first): patches = Array(history.entries[first...])
        case .squash(let entry, let first): patches = [entry] + history.entries[first...]
        case .snapshot(let keyframe, let first): patches = [keyframe] + history.entries[first...]
        }
        for entry in patches {
            try mirror.receive(
                StateSection(
                    base: entry.base.rawValue, version: entry.version.rawValue,
                    schema: entry.base == .nothing ? schema : nil, patch: entry.patch))
            _ = try mirror.commit(base: entry.base.rawValue, version: entry.version.rawValue)
        }
        return mirror
    }

    @Test(
        "Much is squashed in slices: a history that is never given time stays bounded, and what it then answers is right"
    )
    func slices() throws {
        for isGivenTime in [true, false] {
            var dice = Dice(seed: 5)
            var state = State()
            let lines: Table<Int, Diary.Line> = state.table("lines")
            for key in 0..<2_000 { lines[key] = Diary.Line(text: String(repeating: "a", count: 500)) }
            _ = state.close()
            var history = History(
                link: LinkNumber(rawValue: 1), lineage: Lineage(rawValue: 9), schemaBytes: state.schemaBytes,
                snapshot: state.snapshot(), version: Version(rawValue: 1), tick: TickNumber(rawValue: 1))
            var (laterCount, stepCount, snapshots) = (0, 0, [UInt64: [UInt8]]())
            for version in 2...900 as ClosedRange<UInt64> {
                for _ in 0..<20 {
                    lines[Int(dice.next() % 2_000)] = Diary.Line(
                        text: String(repeating: "b", count: Int(dice.next() % 1_000)))
                }
                let closed = state.close()
                let patch = try #require(closed)
                let isJoined = history.append(
                    base: Version(rawValue: version - 1), version: Version(rawValue: version),
                    tick: TickNumber(rawValue: version), patch: patch, frames: [])
                #expect(isJoined)
                #expect(history.entries.reduce(0) { $0 + $1.patch.count } < 2 * Limits.historyBytes)
                if version > 890 { snapshots[version] = state.snapshot() }
                if case .later = history.catchUp(from: nil) { laterCount += 1 }
                while isGivenTime, history.isSquashing {
                    stepCount += 1
                    _ = history.step(byteLimit: Limits.squashSliceBytes)
                }
            }
            #expect(laterCount >= 20, "\(laterCount)")
            if isGivenTime { #expect(stepCount / laterCount >= 2 * 1_000_000 / Limits.squashSliceBytes) }
            let newest = try #require(snapshots[900])
            #expect(history.wholePatch == newest)
            for ask in 0..<3 {
                // The first answer may let go of entries.
                let held = ask == 0 ? nil : ask == 1 ? history.entries[0].version : Version(rawValue: 895)
                switch history.catchUpNow(from: held) {
                case .snapshot(let keyframe, let first):
                    let patches = [keyframe.patch] + history.entries[first...].map(\.patch)
                    #expect(held == nil)
                    #expect(try Patch.squash(patches, droppingRemovals: true) == newest)
                case .squash(let squash, let first):
                    let rest = [squash.patch] + history.entries[first...].map(\.patch)
                    #expect(squash.base <= history.entries[0].version)
                    #expect(try Patch.squash([newest, Patch.squash(rest)], droppingRemovals: true) == newest)
                case .entries(let first): #expect(history.entries[first].base.rawValue == 895)
                case .upToDate, .later: Issue.record("from \(String(describing: held))")
                }
            }
        }
    }

    private struct Broken: Error, CustomStringConvertible { let description: String }

    @Test("A patch that does not join on is a gap; one that ends at or before what is held is refused")
    func gaps() {
        var (history, _, _) = Self.run(20, seed: 4)
        for (base, version) in [(21, 22), (5, 20), (5, 7)] as [(UInt64, UInt64)] {
            let isJoined = history.append(
                base: Version(rawValue: base), version: Version(rawValue: version), tick: TickNumber(rawValue: 30),
                patch: [], frames: [])
            #expect(!isJoined)
        }
        #expect(history.version.rawValue == 20)
    }
}
