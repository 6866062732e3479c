/// The audiences of one state, by name. A handle: keep a copy of `state.audiences` and ask it at any time.
///
/// Numbers are given in the order of first use and never again, so the same inputs give the same numbers. It belongs to the
/// loop of its channel and must not leave it.
public struct Audiences {
    let book = AudienceBook()

    /// The audience called `name`: a team, a cell, whatever the application calls so. It begins to exist when first asked for.
    public subscript(name: String) -> Audience { book.audience(.named(TextKey(name))) }

    /// The audience of one session: rows that only this player sees. The session is in it as long as it stays in the channel,
    /// without entering; the name is forgotten when the session has left for good.
    public subscript(of session: SessionID) -> Audience { book.audience(.session(session)) }
}

/// The names and hashes of a state's audiences: what its handles share.
final class AudienceBook {
    enum Name: Hashable {
        case named(TextKey)
        case session(SessionID)
    }

    private var numbers: [Name: UInt32] = [:]
    private var nextNumber: UInt32 = 1
    /// Own audiences that began since they were taken last.
    private var namedSessions: [(session: SessionID, audience: Audience)] = []
    /// Of the audiences that have rows.
    private var hashes: [UInt32: StateHash] = [:]

    func audience(_ name: Name) -> Audience {
        if let number = numbers[name] { return Audience(number: number) }
        precondition(nextNumber < .max, "a state gives at most \(UInt32.max - 1) audiences")
        let number = nextNumber
        nextNumber += 1
        numbers[name] = number
        let audience = Audience(number: number)
        if case .session(let session) = name { namedSessions.append((session, audience)) }
        return audience
    }

    func known(_ name: Name) -> Audience? { numbers[name].map(Audience.init(number:)) }

    func takeNamedSessions() -> [(session: SessionID, audience: Audience)] {
        guard !namedSessions.isEmpty else { return [] }
        defer { namedSessions.removeAll() }
        return namedSessions
    }

    /// Forgets a name. Its number is not given again; asked for anew it is another audience.
    func forget(_ name: Name) { numbers[name] = nil }

    func hash(of audience: Audience) -> StateHash { hashes[audience.number] ?? .empty }

    /// Adds what a tick changed and answers the sum.
    func add(_ delta: StateHash, to number: UInt32) -> StateHash {
        let hash = (hashes[number] ?? .empty) &+ delta
        hashes[number] = hash == .empty ? nil : hash
        return hash
    }
}
