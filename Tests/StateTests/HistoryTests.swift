import State
import Testing

@Suite("Random histories")
struct HistoryTests {
    @Test(
        "A mirror that is given every section and mark holds the live state, byte for byte, hash for hash and value for value",
        arguments: Histories.shards)
    func mirrorFollows(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var world = World()
            var mirror = ChannelMirror()
            for _ in 0..<6 {
                guard let section = world.tick(&dice) else { continue }
                try mirror.receive(section)
                _ = try mirror.commit(base: section.base, version: section.version)
                try Histories.check(mirror.encoded() == world.snapshots[world.version], "version \(world.version)")
                try Histories.check(mirror.hash() == world.state.hash(), "the hash of version \(world.version)")
            }
            var fresh = world.again()
            try Histories.check(fresh.closed == world.state.snapshot(), "the same rows, other bytes")
            try Histories.check(fresh.world.state.snapshot() == world.state.snapshot(), "another snapshot")
            let units = mirror.table("units", key: Int.self, row: Everything.self)
            try Histories.check(units.count == world.units.count, "count")
            for (key, row) in units { fresh.world.units[key] = row }
            try Histories.check(fresh.world.close() == nil, "values of the typed view")
        }
    }

    @Test(
        "Squash is associative, a patch applies to any version from its base up to its own, and a keyframe takes any suffix",
        arguments: Histories.shards)
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
            let patches = Array(world.patches[(low + 1)...high])
            let limit = 1 + dice.below(200)
            let sliced = try slices(Squashing(patches), limit)
            try Histories.check(sliced.patch == Patch.squash(patches), "in slices of \(limit), \(low) \(high)")
            let atOnce = try slices(Squashing(patches), .max)
            try Histories.check(atOnce.count == 1 && sliced.patch == atOnce.patch, "in one slice")
            try Histories.check(
                sliced.count > patches.reduce(0) { $0 + $1.count } / limit, "few slices of \(limit): \(sliced.count)")
            let rounds = SquashRounds(byteCount: 1 + dice.below(100), share: 1 + dice.below(2))
            let turns = try slices(Squashing(patches, rounds: rounds), limit)
            try Histories.check(sliced.patch == turns.patch, "in \(rounds), slices of \(limit), \(low) \(high)")
            for held in low...high {
                var mirror = try world.mirror(at: held)
                try mirror.receive(StateSection(base: UInt64(low), version: UInt64(high), patch: whole))
                _ = try mirror.commit(base: UInt64(low), version: UInt64(high))
                try Histories.check(mirror.encoded() == world.snapshots[high], "\(low)...\(high) on \(held)")
            }
            try keyframes(world, from: dice.below(world.version - 1), rounds)
        }
    }

    /// What a squash comes to, and in how many steps.
    private func slices(_ squashing: Squashing, _ limit: Int) throws -> (patch: [UInt8], count: Int) {
        var count = 0
        while true {
            count += 1
            if let patch = try squashing.step(byteLimit: limit) { return (patch, count) }
        }
    }

    /// A keyframe squashed with what followed is the later snapshot, in any grouping.
    private func keyframes(_ world: World, from start: Int, _ rounds: SquashRounds) throws {
        var keyframe = world.snapshots[start]
        for patch in world.patches[(start + 1)...] {
            keyframe = try Patch.squash(keyframe, patch, droppingRemovals: true)
        }
        try Histories.check(keyframe == world.snapshots[world.version], "one by one from \(start)")
        let once = try Patch.squash(
            world.snapshots[start], world.squashed(start, world.version), droppingRemovals: true)
        try Histories.check(once == keyframe, "at once from \(start)")
        let all = [world.snapshots[start]] + world.patches[(start + 1)...]
        let turns = try slices(Squashing(all, droppingRemovals: true, rounds: rounds), .max)
        try Histories.check(turns.patch == keyframe, "in \(rounds) from \(start)")
    }
}
