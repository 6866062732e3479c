import State

/// A number with a meaning of its own. On the wire it is a `num`.
package protocol WireNumber: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue == UInt64 {
    init(rawValue: UInt64)
}

extension WireNumber {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { "\(rawValue)" }
    package var next: Self { Self(rawValue: rawValue + 1) }
}

/// One link between a front channel and a back channel. The front numbers them and never uses a number again.
package struct LinkNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A session's stay on a link, numbered by the front, never used again on that link.
package struct MemberNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The front itself, where a member could stand. Members begin at 1.
    package static let front = MemberNumber(rawValue: 0)
}

/// How many changes a lineage has seen. Versions begin at 1; 0 stands for "from nothing".
package struct Version: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let nothing = Version(rawValue: 0)
}

/// A tick of one channel. Contiguous: slots are skipped, numbers are not.
package struct TickNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Who may see a row. The back numbers them within a lineage.
package struct AudienceNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let everyone = AudienceNumber(rawValue: 0)
}

/// The client's own count of its connections. A back follows the highest it has seen.
package struct AttachNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// An input's place within its write grant, from 1.
package struct InputNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let none = InputNumber(rawValue: 0)
}

/// The right to write to one channel, within which inputs are numbered. Random, so never seen twice.
package struct GrantID: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One unbroken run of versions of a channel's state. Random.
package struct Lineage: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Who may act: the master's term in the upper half, an assignment counter in the lower. Only grows.
package struct Epoch: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Which life of a process: random, made at its start.
package struct Incarnation: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension SessionNumber: WireNumber {}

extension SessionID {
    /// Nobody: a front that speaks for itself.
    package static let zero = SessionID(high: 0, low: 0)
}

extension ByteReader {
    package mutating func num<N: WireNumber>(_: N.Type = N.self) throws(WireError) -> N {
        N(rawValue: try num())
    }
    package mutating func u64<N: WireNumber>(_: N.Type = N.self) throws(WireError) -> N {
        N(rawValue: try u64())
    }
    /// A list of numbers; each takes at least one byte, so the count is checked against what is left.
    package mutating func nums<N: WireNumber>(_: N.Type = N.self) throws(WireError) -> [N] {
        let count = try count(limit: remaining, of: "a list's count")
        var list: [N] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try num(N.self)) }
        return list
    }
}

extension ByteWriter {
    package mutating func num<N: WireNumber>(_ value: N) { num(value.rawValue) }
    package mutating func u64<N: WireNumber>(_ value: N) { u64(value.rawValue) }
    package mutating func nums<N: WireNumber>(_ list: [N]) {
        num(list.count)
        for value in list { num(value) }
    }
}
