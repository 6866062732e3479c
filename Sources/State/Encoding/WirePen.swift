/// A place in a `WireMemory` that is being written, in a register: for the loops where the memory's own count, which every
/// store of a byte might change for all that the compiler knows, would be read and written again with each.
///
/// Whoever makes one has reserved the room, and hands it back with `WireMemory.put(_:)` before anything else is appended.
package struct WirePen: BitwiseCopyable {
    package private(set) var place: UnsafeMutablePointer<UInt8>

    @inline(__always) package init(_ place: UnsafeMutablePointer<UInt8>) { self.place = place }

    @inline(__always) package mutating func u8(_ value: UInt8) {
        place.pointee = value
        place += 1
    }

    /// A `num`, at most 9 bytes.
    @inline(__always) package mutating func num(_ value: UInt64) {
        if value < 0x80 {
            u8(UInt8(truncatingIfNeeded: value))
        } else if value < 0x4000 {
            store(UInt16(truncatingIfNeeded: value | 0x8000).bigEndian, byteCount: 2)
        } else {
            self = Self.longNum(value, at: self)
        }
    }

    /// Eight bytes, the highest first.
    @inline(__always) package mutating func u64(_ value: UInt64) { store(value.bigEndian, byteCount: 8) }

    /// The bytes of a short text.
    @inline(__always) mutating func short(_ text: ShortText) {
        text.store(at: place)
        place += text.byteCount
    }

    /// Bytes from memory that may be read for a `WireMemory`'s slack beyond them: a few of them go in one move.
    @inline(__always) mutating func padded(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
        if byteCount <= WireMemory.slack {
            UnsafeMutableRawPointer(place).storeBytes(
                of: UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
        } else {
            place.update(from: bytes, count: byteCount)
        }
        place += byteCount
    }

    @inline(never)
    private static func longNum(_ value: UInt64, at pen: WirePen) -> WirePen {
        var pen = pen
        switch value {
        case ..<0x20_0000: pen.store(UInt32(truncatingIfNeeded: (value | 0xC0_0000) << 8).bigEndian, byteCount: 3)
        case ..<0x1000_0000: pen.store(UInt32(truncatingIfNeeded: value | 0xE000_0000).bigEndian, byteCount: 4)
        default:
            let tailCount = max(4, (64 - value.leadingZeroBitCount + 7) / 8)
            pen.u8(0xF0 + UInt8(truncatingIfNeeded: tailCount - 4))
            pen.store((value << UInt64(64 - tailCount * 8)).bigEndian, byteCount: tailCount)
        }
        return pen
    }

    /// Stores all of `word` and goes on behind its first `byteCount` bytes.
    @inline(__always)
    private mutating func store<W: FixedWidthInteger & BitwiseCopyable>(_ word: W, byteCount: Int) {
        UnsafeMutableRawPointer(place).storeBytes(of: word, as: W.self)
        place += byteCount
    }
}
