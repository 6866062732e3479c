/// Chooses one of several names for a key, the same in every process and every build.
///
/// Each name's score for a key is FNV-1a (64 bit) over the name's bytes, a zero byte and the key's bytes, finished with the
/// 64-bit mixer of MurmurHash3 because FNV-1a alone hardly moves its upper bits for short texts. The highest score wins.
/// Taking a name away moves only the keys that it had. Swift's own `Hasher` has a new seed in each process and won't do.
package enum RendezvousHash {
    /// How much `name` wants `key`.
    package static func score(_ name: String, _ key: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { mix(byte, into: &hash) }
        mix(0, into: &hash)
        for byte in key.utf8 { mix(byte, into: &hash) }
        return finish(hash)
    }

    /// The place of the name that gets `key`; nil if there are none. Equal scores go to the smaller name.
    package static func choose(_ names: some Collection<String>, for key: String) -> Int? {
        var best: (place: Int, score: UInt64, name: String)?
        for (place, name) in names.enumerated() {
            let score = score(name, key)
            if let held = best {
                if held.score > score { continue }
                if held.score == score, held.name <= name { continue }
            }
            best = (place, score, name)
        }
        return best?.place
    }

    private static func mix(_ byte: UInt8, into hash: inout UInt64) {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    private static func finish(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ value >> 33
    }
}
