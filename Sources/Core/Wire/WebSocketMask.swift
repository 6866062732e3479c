/// RFC 6455's masking: byte *i* of a payload is combined with byte *i mod 4* of the key. Doing it twice undoes it.
enum WebSocketMask {
    /// Masks or unmasks `bytes` in place, 32 and then eight at a time.
    ///
    /// `key` is the four bytes as loaded from memory; `phase` is how many bytes of the same payload came before these.
    static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer, phase: Int = 0) {
        guard key != 0, let base = bytes.baseAddress else { return }
        let turned = turn(key, by: phase)
        let wide = UInt64(turned) << 32 | UInt64(turned)
        var offset = 0
        let blocks = SIMD4<UInt64>(repeating: wide)
        let blockEnd = bytes.count & ~31
        while offset < blockEnd {
            let value = base.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            base.storeBytes(of: value ^ blocks, toByteOffset: offset, as: SIMD4<UInt64>.self)
            offset += 32
        }
        let wideEnd = bytes.count & ~7
        while offset < wideEnd {
            let value = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            base.storeBytes(of: value ^ wide, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        let tailCount = bytes.count - offset
        guard tailCount > 0 else { return }
        if bytes.count >= 8 {
            // The last eight bytes once more, of which only those that are left change.
            let last = bytes.count - 8
            let value = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: last, as: UInt64.self))
            let turned = wide.littleEndian &<< UInt64(truncatingIfNeeded: 64 &- tailCount &* 8)
            base.storeBytes(of: (value ^ turned).littleEndian, toByteOffset: last, as: UInt64.self)
            return
        }
        var tail = wide.littleEndian
        while offset < bytes.count {
            bytes[offset] ^= UInt8(truncatingIfNeeded: tail)
            tail >>= 8
            offset += 1
        }
    }

    /// The key as it stands in front of byte `phase` of the payload.
    private static func turn(_ key: UInt32, by phase: Int) -> UInt32 {
        let shift = UInt32(truncatingIfNeeded: phase & 3) * 8
        let little = UInt32(littleEndian: key)
        guard shift != 0 else { return key }
        return (little >> shift | little << (32 - shift)).littleEndian
    }
}
