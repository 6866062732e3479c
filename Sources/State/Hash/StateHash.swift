/// The 64-bit hash of an audience's rows: each row hashed by itself, and the hashes added up, so that it is kept as rows
/// come, change and go, in any order (docs/WIRE.md, State hash).
///
/// Two lanes of 32 bits that have nothing to do with each other, each added up modulo 2³², so that JavaScript needs no
/// wide integers. The first lane is MurmurHash3_x86_32 and the second the same with the first two multipliers of
/// MurmurHash3_x86_128 (Austin Appleby, 2011, public domain). It tells mistakes from agreement; it is no signature.
package struct StateHash: Hashable, Sendable, BitwiseCopyable {
    var first: UInt32
    var second: UInt32

    /// The hash of no rows.
    package static let empty = StateHash(first: 0, second: 0)

    init(first: UInt32, second: UInt32) {
        self.first = first
        self.second = second
    }

    /// As it stands in a section: the first lane is the upper half.
    package var rawValue: UInt64 { UInt64(first) << 32 | UInt64(second) }

    package init(rawValue: UInt64) {
        first = UInt32(truncatingIfNeeded: rawValue >> 32)
        second = UInt32(truncatingIfNeeded: rawValue)
    }

    @inline(__always) static func &+ (one: StateHash, other: StateHash) -> StateHash {
        StateHash(first: one.first &+ other.first, second: one.second &+ other.second)
    }

    @inline(__always) static func &- (one: StateHash, other: StateHash) -> StateHash {
        StateHash(first: one.first &- other.first, second: one.second &- other.second)
    }
}

extension StateHash: CustomStringConvertible {
    /// Sixteen hex digits.
    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

// Hashing a row: its key first, which gives the seed for its values. A row that changes keeps what its key gave.
extension StateHash {
    /// What an integer key gives: the table's number is the seed, the key eight bytes, the lowest first.
    @inline(__always) init(table: Int, key: Int64) {
        var lanes = Lanes(StateHash(table: table))
        lanes.add(UInt32(truncatingIfNeeded: key))
        lanes.add(UInt32(truncatingIfNeeded: key >> 32))
        self = lanes.finish(byteCount: 8)
    }

    /// What a key of bytes gives.
    @inline(__always) init(table: Int, key: UnsafePointer<UInt8>, _ byteCount: Int) {
        self = StateHash(table: table).hash(key, byteCount)
    }

    /// The row's hash, called on what its key gave: all its values as they stand on the wire.
    @inline(__always) func hash(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) -> StateHash {
        var lanes = Lanes(self)
        let memory = UnsafeRawPointer(bytes)
        let wholeCount = byteCount & ~3
        var offset = 0
        while offset < wholeCount {
            lanes.add(UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            offset += 4
        }
        if offset < byteCount {
            var word = UInt32(bytes[offset])
            if offset + 1 < byteCount { word |= UInt32(bytes[offset + 1]) << 8 }
            if offset + 2 < byteCount { word |= UInt32(bytes[offset + 2]) << 16 }
            lanes.addLast(word)
        }
        return lanes.finish(byteCount: byteCount)
    }

    @inline(__always) private init(table: Int) {
        let number = UInt32(truncatingIfNeeded: table)
        self.init(first: number, second: number)
    }
}

/// Both lanes under way.
private struct Lanes {
    private var first: UInt32
    private var second: UInt32

    @inline(__always) init(_ seed: StateHash) {
        first = seed.first
        second = seed.second
    }

    /// Four bytes, the lowest first.
    @inline(__always) mutating func add(_ word: UInt32) {
        addLast(word)
        first = Self.turn(first, 13) &* 5 &+ 0xE654_6B64
        second = Self.turn(second, 13) &* 5 &+ 0xE654_6B64
    }

    /// The one to three bytes that are left.
    @inline(__always) mutating func addLast(_ word: UInt32) {
        first ^= Self.turn(word &* 0xCC9E_2D51, 15) &* 0x1B87_3593
        second ^= Self.turn(word &* 0x239B_961B, 15) &* 0xAB0E_9789
    }

    @inline(__always) func finish(byteCount: Int) -> StateHash {
        let count = UInt32(truncatingIfNeeded: byteCount)
        return StateHash(first: Self.mix(first ^ count), second: Self.mix(second ^ count))
    }

    @inline(__always) private static func turn(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &<< count | word &>> (32 - count)
    }

    @inline(__always) private static func mix(_ word: UInt32) -> UInt32 {
        var word = word
        word = (word ^ word &>> 16) &* 0x85EB_CA6B
        word = (word ^ word &>> 13) &* 0xC2B2_AE35
        return word ^ word &>> 16
    }
}
