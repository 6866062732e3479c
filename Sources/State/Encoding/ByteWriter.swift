/// Appends the primitives of docs/WIRE.md to a growing array of bytes.
///
/// Whoever encodes a message makes one, or appends to one that it keeps; `bytes` is the result at any time.
public struct ByteWriter: Sendable {
    public var bytes: [UInt8]

    @inlinable public init() { bytes = [] }

    /// A writer that goes on behind `bytes`, with room for `capacity` in all.
    @inlinable public init(_ bytes: consuming [UInt8] = [], capacity: Int) {
        self.bytes = bytes
        self.bytes.reserveCapacity(capacity)
    }

    @inlinable public var count: Int { bytes.count }

    @inlinable public mutating func u8(_ value: UInt8) { bytes.append(value) }

    @inlinable public mutating func u64(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// A `num`: the shortest of nine forms.
    @inlinable public mutating func num(_ value: UInt64) {
        if value < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value))
        } else {
            longNum(value)
        }
    }

    @inlinable public mutating func num(_ value: Int) { num(UInt64(value)) }

    @usableFromInline mutating func longNum(_ value: UInt64) {
        switch value {
        case ..<0x4000:
            bytes.append(0x80 | UInt8(truncatingIfNeeded: value >> 8))
            bytes.append(UInt8(truncatingIfNeeded: value))
        case ..<0x20_0000:
            bytes.append(0xC0 | UInt8(truncatingIfNeeded: value >> 16))
            tail(value, byteCount: 2)
        case ..<0x1000_0000:
            bytes.append(0xE0 | UInt8(truncatingIfNeeded: value >> 24))
            tail(value, byteCount: 3)
        default:
            let byteCount = max(4, (64 - value.leadingZeroBitCount + 7) / 8)
            bytes.append(0xF0 + UInt8(truncatingIfNeeded: byteCount - 4))
            tail(value, byteCount: byteCount)
        }
    }

    /// An `int`: zigzag, then `num`.
    @inlinable public mutating func int(_ value: Int64) { num(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    /// Bytes with their count before them.
    @inlinable public mutating func blob(_ value: some Collection<UInt8>) {
        num(value.count)
        bytes.append(contentsOf: value)
    }

    @inlinable public mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            num(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    /// Bytes as they are, without a count.
    @inlinable public mutating func raw(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }

    @inlinable public mutating func raw(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }

    /// How many bytes `num(value)` takes.
    @inlinable public static func numByteCount(_ value: UInt64) -> Int {
        switch value {
        case ..<0x80: 1
        case ..<0x4000: 2
        case ..<0x20_0000: 3
        case ..<0x1000_0000: 4
        default: 1 + max(4, (64 - value.leadingZeroBitCount + 7) / 8)
        }
    }

    private mutating func tail(_ value: UInt64, byteCount: Int) {
        var shift = (byteCount - 1) * 8
        while shift >= 0 {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
            shift -= 8
        }
    }
}
