import Core
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

    @Test("From every version that was, catching up gives the same state, in a bounded number of patches", arguments: [UInt64(1), 2, 3])
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
            case .upToDate: #expect(held == newest.rawValue)
            case .entries(let first): patches = Array(history.entries[first...])
            case .squash(let entry): patches = [entry]
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
