/// Which number each session of a state has: what the tables and the state share.
///
/// A number is kept as long as somebody holds it: the channel while the session is there, and each table that has a row of
/// it. So what is kept is bounded by sessions and rows; a session that comes back after all that is another one to clients.
final class SessionBook {
    private struct Holding {
        let number: SessionNumber
        var holderCount: Int
    }

    private var holdings: [SessionID: Holding] = [:]
    private var lastNumber: UInt64 = 0

    /// The number of `id`, given now if it has none. Holds it until `release`.
    func hold(_ id: SessionID) -> SessionNumber {
        if holdings[id] == nil {
            lastNumber += 1
            holdings[id] = Holding(number: SessionNumber(rawValue: lastNumber), holderCount: 0)
        }
        holdings[id]!.holderCount += 1
        return holdings[id]!.number
    }

    /// One holder less; with the last one the number is forgotten, and not given again.
    func release(_ id: SessionID) {
        guard let holding = holdings[id] else { return }
        if holding.holderCount > 1 { holdings[id]!.holderCount -= 1 } else { holdings[id] = nil }
    }

    func number(of id: SessionID) -> SessionNumber? { holdings[id]?.number }
}
