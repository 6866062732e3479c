/// The row that changes each tick: noise seeded by the tick's slot, then the slot itself, so that whoever gets it can tell how late
/// it is and whether every byte is right. `Benchmarks/reference/fanout/fanout.c` makes the same.
package struct Payload {
    /// The slot takes the last eight bytes, big-endian.
    package static let slotByteCount = 8

    package private(set) var slot: UInt64 = 0
    package private(set) var bytes: [UInt8]

    package init(byteCount: Int) {
        bytes = [UInt8](repeating: 0, count: max(byteCount, Self.slotByteCount))
        fill(slot: 0)
    }

    /// Makes the bytes of a slot, in nanoseconds of CLOCK_MONOTONIC.
    package mutating func fill(slot: UInt64) {
        self.slot = slot
        bytes.withUnsafeMutableBytes { bytes in
            var state = slot
            let noise = bytes.count - Self.slotByteCount
            var filled = 0
            while filled < noise {
                let word = Self.mix(&state).littleEndian
                let count = min(8, noise - filled)
                withUnsafeBytes(of: word) {
                    bytes[filled..<filled + count].copyBytes(from: $0[..<count])
                }
                filled += count
            }
            withUnsafeBytes(of: slot.bigEndian) { bytes[noise...].copyBytes(from: $0) }
        }
    }

    /// The slot that a row's bytes end with; nil if they are too few.
    package static func slot(atEndOf bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard bytes.count >= slotByteCount else { return nil }
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - slotByteCount, as: UInt64.self))
    }

    /// SplitMix64, as `Dice`.
    private static func mix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
