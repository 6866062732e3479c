import CAllocationCount
import State
import Testing

@Suite("Hostile bytes")
struct HostileBytesTests {
    /// Feeds `patch` to everything that reads patches. What it answers, if it answers, has to be consistent.
    private func feed(_ patch: [UInt8], _ world: World, _ mirror: ChannelMirror) {
        let isWellFormed = (try? Patch.check(patch)) != nil
        let squashed = try? Patch.squash(world.patches[world.version], patch)
        #expect(squashed == nil || isWellFormed)
        _ = try? Patch.squash(patch, world.patches[world.version])
        _ = try? Patch.squash(mirror.encoded(), patch, droppingRemovals: true)
        _ = try? Patch.jsonMembers(patch, world.state.schema)
        var mirror = mirror
        let next = StateSection(base: mirror.version, version: mirror.version + 1, patch: patch)
        guard (try? mirror.receive(next)) != nil else { return }
        #expect((try? mirror.commit(base: mirror.version, version: mirror.version + 1)) != nil)
        // What was taken is a state like any other: its own encoding is taken too, and is the same.
        var other = ChannelMirror()
        let whole = StateSection(base: 0, version: 1, schema: mirror.schema, patch: mirror.encoded())
        #expect((try? other.receive(whole)) != nil)
        _ = try? other.commit(base: 0, version: 1)
        #expect(other.encoded() == mirror.encoded())
    }

    @Test("A patch cut at every length and with every bit flipped is an error or a right result", arguments: 0..<6)
    func damaged(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var world = World()
        while world.version < 3 { _ = world.tick(&dice) }
        let mirror = try world.mirror(at: world.version - 1)
        let patch = world.patches[world.version]
        feed(patch, world, mirror)
        // Long texts make long patches; their insides are all alike.
        for count in patch.indices.prefix(400) { feed(Array(patch[..<count]), world, mirror) }
        for bit in 0..<min(patch.count, 200) * 8 {
            var damaged = patch
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            feed(damaged, world, mirror)
        }
    }

    /// Feeds one section with other bytes to a copy of the mirror that it is for; answers how many bytes that asked for.
    private func feed(_ patch: [UInt8], _ section: StateSection, _ mirror: ChannelMirror, mark: UInt64) -> Int {
        var (mirror, damaged) = (mirror, section)
        damaged.patch = patch
        let before = allocation_bytes()
        let isWellFormed = (try? Patch.check(patch)) != nil
        let squashed = try? Patch.squash(section.patch, patch)
        let isTaken = (try? mirror.receive(damaged)) != nil
        let isCommitted = (try? mirror.commit(base: mirror.version, version: mark)) != nil
        let byteCount = allocation_bytes() - before
        #expect(isWellFormed || (squashed == nil && !isTaken))
        #expect(isCommitted)
        guard isTaken else { return byteCount }
        // What was taken is a state like any other: its own encoding is taken too, and is the same.
        let state = mirror.encoded(audience: section.audience)
        let other = try? ChannelMirror(schema: mirror.schema.encoded, version: 1, state: state)
        #expect(other?.encoded() == state)
        #expect(other?.hash() == mirror.hash(audience: section.audience))
        return byteCount
    }

    @Test(
        "Every patch of the recorded streams, cut at every length and with every bit flipped: an error or a right result, and no memory beyond the bytes",
        arguments: RecordedStreams.names)
    func recorded(name: String) throws {
        var sectionCount = 0
        var most = 0.0
        try RecordedStreams(name).walk { mirror, section, mark in
            sectionCount += 1
            let patch = section.patch
            // What is held is copied when it changes.
            let given = patch.count + mirror.encodedUnion().count
            func damage(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
                let byteCount = feed(bytes, section, mirror, mark: mark)
                most = max(most, Double(byteCount) / Double(given))
                #expect(byteCount <= 65_536 + 64 * given, "\(byteCount) bytes for \(given): \(what())")
            }
            damage(patch, "whole")
            for count in patch.indices {
                damage(Array(patch[..<count]), "\(name), \(section.version), cut at \(count)")
            }
            for bit in 0..<patch.count * 8 {
                var flipped = patch
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                damage(flipped, "\(name), \(section.version), bit \(bit) flipped")
            }
        }
        #expect(sectionCount > 0 && (most > 0 || allocation_count() == 0))
    }

    @Test("Random bytes are an error or a patch", arguments: 0..<4)
    func noise(seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 1_000)
        var world = World()
        while world.version < 2 { _ = world.tick(&dice) }
        let mirror = try world.mirror(at: world.version)
        for _ in 0..<500 {
            feed((0..<dice.below(24)).map { _ in dice.pick([0, 1, 2, 3, 9, 0x1D, 0x80, 0xF5, 0xF6]) }, world, mirror)
        }
    }

    @Test("A run of a million removed rows costs a few bytes in and out, and one more is over the limit")
    func longRuns() throws {
        let most = bytes("00") + encoded { $0.num(UInt64(PatchLimits.rowLimit - 1) << 3 | 5) } + [0]
        #expect(try Patch.squash(most, most) == most)
        let more = bytes("00") + encoded { $0.num(UInt64(PatchLimits.rowLimit) << 3 | 5) } + [0]
        #expect(throws: WireError.self) { try Patch.check(more) }
    }

    private func encoded(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.bytes
    }
}
