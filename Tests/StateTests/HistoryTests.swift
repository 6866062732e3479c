import State
import Testing

@Suite("Random histories")
struct HistoryTests {
    @Test("A mirror that is given every section and mark holds the live state, byte for byte", arguments: Histories.shards)
    func mirrorFollows(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            var mirror = ChannelMirror()
            for _ in 0..<6 {
                guard let section = world.tick(&dice) else { continue }
                try mirror.receive(section)
                _ = try mirror.commit(base: section.base, version: section.version)
                try Histories.check(mirror.encoded() == world.snapshots[world.version], "version \(world.version)")
            }
        }
    }

    @Test("Squash is associative, and a squash or a patch applies to any version from its base up to its own", arguments: Histories.shards)
    func squash(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            for _ in 0..<7 { _ = world.tick(&dice) }
            guard world.version >= 4 else { return }
            let low = 1 + dice.below(world.version - 2)
            let high = low + 2 + dice.below(world.version - low - 1)
            let middle = low + 1 + dice.below(high - low - 1)
            let whole = try world.squashed(low, high)
            let halves = try Patch.squash(world.squashed(low, middle), world.squashed(middle, high))
            try Histories.check(whole == halves, "associative, \(low) \(middle) \(high)")
            for held in low...high {
                var mirror = try world.mirror(at: held)
                try mirror.receive(StateSection(base: UInt64(low), version: UInt64(high), patch: whole))
                _ = try mirror.commit(base: UInt64(low), version: UInt64(high))
                try Histories.check(mirror.encoded() == world.snapshots[high], "\(low)...\(high) on \(held)")
            }
        }
    }

    @Test("A keyframe squashed with what followed is the later snapshot, in any grouping", arguments: Histories.shards)
    func keyframes(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            for _ in 0..<6 { _ = world.tick(&dice) }
            guard world.version >= 3 else { return }
            let start = dice.below(world.version - 1)
            var keyframe = world.snapshots[start]
            for patch in world.patches[(start + 1)...] {
                keyframe = try Patch.squash(keyframe, patch, droppingRemovals: true)
            }
            try Histories.check(keyframe == world.snapshots[world.version], "one by one from \(start)")
            let once = try Patch.squash(
                world.snapshots[start], world.squashed(start, world.version), droppingRemovals: true)
            try Histories.check(once == keyframe, "at once from \(start)")
        }
    }

    @Test("The typed view of a mirror is the table, value for value", arguments: Histories.shards)
    func typedView(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            while world.tick(&dice) == nil {}
            _ = world.tick(&dice)
            let mirror = try world.mirror(at: world.version)
            let units = mirror.table("units", key: Int.self, row: Everything.self)
            try Histories.check(units.count == world.units.count, "count")
            var copy = State()
            let table: Table<Int, Everything> = copy.table("units")
            table.replaceAll(with: units.map { ($0.key, $0.value) })
            var original = State()
            let other: Table<Int, Everything> = original.table("units")
            for (key, row) in world.units { other[key] = row }
            try Histories.check(copy.close() == original.close(), "values")
        }
    }

    @Test("Two states with the same rows have the same snapshot, however they came to them", arguments: Histories.shards)
    func canonical(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            for _ in 0..<4 { _ = world.tick(&dice) }
            var fresh = World()
            for (key, row) in world.units { fresh.units[key] = row }
            for (key, row) in world.notes { fresh.notes[key] = row }
            for (key, row) in world.seats { fresh.seats[key] = row }
            let patch = fresh.state.close() ?? []
            try Histories.check(patch == world.state.snapshot(), "first patch")
            try Histories.check(fresh.state.snapshot() == world.state.snapshot(), "snapshot")
        }
    }
}
