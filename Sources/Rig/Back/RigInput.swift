/// An input of the rig: its session's serial number, then bytes that mean nothing.
///
/// Serials count what a client sent in its whole life, from 1, whatever grants, numbers and resends there are below: so the
/// ledger can tell an input that came twice from one that is missing.
package struct RigInput: Equatable {
    /// Of so many inputs the rule refuses one, to see that refusals arrive too.
    static let refusedEvery: UInt64 = 97
    static let headerByteCount = 8

    package let serial: UInt64

    var isRefused: Bool { serial.isMultiple(of: Self.refusedEvery) }

    package init(serial: UInt64) { self.serial = serial }

    /// Nil if there are too few bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        var iterator = bytes.makeIterator()
        var value: UInt64 = 0
        for _ in 0..<Self.headerByteCount {
            guard let byte = iterator.next() else { return nil }
            value = value << 8 | UInt64(byte)
        }
        serial = value
    }

    package func bytes(padding: Int) -> [UInt8] {
        (0..<Self.headerByteCount).map { UInt8(truncatingIfNeeded: serial >> UInt64(56 - 8 * $0)) }
            + [UInt8](repeating: UInt8(truncatingIfNeeded: serial), count: padding)
    }
}
