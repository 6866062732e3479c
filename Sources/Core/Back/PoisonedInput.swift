import State

/// An input that ended the application, known by who sent it and what it says: its number is another after a restart.
package struct PoisonedInput: Hashable, Sendable, CustomStringConvertible {
    package let session: SessionID
    package let digest: UInt64

    package init(session: SessionID, bytes: some Sequence<UInt8>) {
        self.session = session
        digest = Self.digest(of: bytes)
    }

    /// FNV-1a, 64 bits. Two inputs of one session that share it would be refused alike, which harms only that session.
    package static func digest(of bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// `SESSION:DIGEST`, both in hex, as SWITCHBACK_POISON lists them; nil if the text is not that.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let session = SessionID(String(parts[0])), let digest = UInt64(parts[1], radix: 16)
        else { return nil }
        self.session = session
        self.digest = digest
    }

    package var description: String { "\(session):\(String(digest, radix: 16))" }

    /// What its sender is told.
    static let reason = "this input ended the application twice and is not tried again"
}

extension ChannelCore {
    /// Whether an input is known to end the application. It is refused then; its session goes with the next tick, behind the
    /// refusal.
    func refusesPoison(_ input: Input, _ ring: TickRing) -> Bool {
        guard !poison.isEmpty, poison.contains(PoisonedInput(session: input.session, bytes: input.bytes)) else {
            return false
        }
        ring.refused()
        refuse(input, PoisonedInput.reason)
        condemned.append(input.session)
        return true
    }

    /// Ends the stays of sessions whose input was refused as poison in the tick before.
    func dismissCondemned() {
        for session in condemned { dismiss(session, Farewell(.refused, PoisonedInput.reason)) }
        condemned = []
    }
}
