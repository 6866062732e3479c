import State

/// The algebra of patches: three of them, cut out of the bytes by two lengths, checked, squashed in every grouping.
enum PatchFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        let patches = pieces(Array(bytes))
        // A few bytes may remove a million rows; what that costs is bounded and known, and leaves no time for the rest.
        guard patches.allSatisfy(isShort) else { return }
        for patch in patches { try alone(patch) }
        let whole = try? Patch.squash(patches)
        let left = try? Patch.squash(Patch.squash(patches[0], patches[1]), patches[2])
        let right = try? Patch.squash(patches[0], Patch.squash(patches[1], patches[2]))
        try Finding.unless(left == nil || whole == left, "squashed at once and from the left differ")
        try Finding.unless(left == nil || right == nil || left == right, "squash is not associative")
        try Finding.unless(inRounds(patches) == whole, "squashed in small rounds it differs")
        // What a round removed is forgotten in the next, and a set is one of nothing sooner: of what no State makes not all is an error to
        // both, but where both have an answer it is the same.
        let keyframe = try? Patch.squash(patches, droppingRemovals: true)
        let turns = inRounds(patches, droppingRemovals: true)
        try Finding.unless(keyframe == nil || turns == nil || turns == keyframe, "in small rounds a keyframe differs")
        if let whole { try alone(whole) }
    }

    /// A few bytes a slice, and rounds as small as can be.
    private static func inRounds(_ patches: [[UInt8]], droppingRemovals: Bool = false) -> [UInt8]? {
        let rounds = SquashRounds(byteCount: 1, share: 1)
        let squashing = Squashing(patches, droppingRemovals: droppingRemovals, rounds: rounds)
        while true {
            do {
                if let patch = try squashing.step(byteLimit: 16) { return patch }
            } catch {
                return nil
            }
        }
    }

    private static func isShort(_ patch: [UInt8]) -> Bool {
        patch.withUnsafeBytes { memory in
            var reader = PatchReader(memory)
            for _ in 0..<1_024 {
                guard (try? reader.next()) != nil else { return true }
            }
            return false
        }
    }

    /// One by itself: what is well formed can be written again, once and for all.
    private static func alone(_ patch: [UInt8]) throws(Finding) {
        let rowCount = try? Patch.check(patch)
        let written = try? Patch.squash([patch])
        try Finding.unless((rowCount == nil) == (written == nil), "checked and squashed alone differ")
        _ = try? Patch.jsonMembers(patch, MirrorFuzz.schema)
        guard let written else { return }
        // Runs of three that a peer wrote as runs are longer as plain rows.
        try Finding.unless(written.count <= 2 * patch.count, "written again it is much longer")
        try Finding.unless((try? Patch.squash([written])) == written, "written twice it differs")
        try Finding.unless((try? Patch.squash(patch, patch)) == written, "done twice it differs")
    }

    /// `u8` count · `u8` count · the rest: the first patch, the second, the third. Short bytes are one patch.
    private static func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        guard bytes.count > 2 else { return [bytes, [], []] }
        let rest = bytes[2...]
        let first = rest.prefix(Int(bytes[0]))
        let second = rest.dropFirst(first.count).prefix(Int(bytes[1]))
        return [Array(first), Array(second), Array(rest.dropFirst(first.count + second.count))]
    }
}
