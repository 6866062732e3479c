/// The 128-bit random id of a session, the same at every node and in every channel.
///
/// Written as 32 lower-case hex digits; ordered by its bytes.
public struct SessionID: Hashable, Sendable {
    /// The first eight bytes, read big-endian.
    public let high: UInt64
    /// The last eight bytes, read big-endian.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The id that 32 hex digits spell; nil for any other text. Capital digits are not accepted: one id has one spelling.
    public init?(_ text: String) {
        let digits = text.utf8
        guard digits.count == 32 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for digit in digits {
            let nibble: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            halves = (halves.0 << 4 | halves.1 >> 60, halves.1 << 4 | UInt64(nibble))
        }
        self.init(high: halves.0, low: halves.1)
    }
}

extension SessionID: Comparable {
    public static func < (one: SessionID, other: SessionID) -> Bool {
        one.high != other.high ? one.high < other.high : one.low < other.low
    }
}

extension SessionID: CustomStringConvertible {
    public var description: String {
        var text = ""
        text.reserveCapacity(32)
        for half in [high, low] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let nibble = UInt8(half >> shift & 15)
                text.unicodeScalars.append(
                    Unicode.Scalar(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10))
            }
        }
        return text
    }
}

extension ByteWriter {
    /// An `id`: 16 raw bytes.
    public mutating func id(_ value: SessionID) {
        u64(value.high)
        u64(value.low)
    }
}

extension ByteReader {
    /// An `id`: 16 raw bytes.
    public mutating func id() throws(WireError) -> SessionID {
        SessionID(high: try u64(), low: try u64())
    }
}
