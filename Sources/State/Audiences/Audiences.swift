/// The audiences of one state, by name. A handle: keep a copy of `state.audiences` and ask it at any time.
///
/// Numbers are given in the order of first use and never again, so the same inputs give the same numbers. It belongs to the
/// loop of its channel and must not leave it.
public struct Audiences {
    let book = AudienceBook()

    /// The audience called `name`: a team, a cell, whatever the application calls so. It begins to exist when first asked for.
    public subscript(name: String) -> Audience { book.audience(.named(TextKey(name))) }

    /// The audience of one session: rows that only this player sees.
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
    /// Of the audiences that have rows.
    private var hashes: [UInt32: StateHash] = [:]

    func audience(_ name: Name) -> Audience {
        if let number = numbers[name] { return Audience(number: number) }
        precondition(nextNumber < .max, "a state gives at most \(UInt32.max - 1) audiences")
        let number = nextNumber
        nextNumber += 1
        numbers[name] = number
        return Audience(number: number)
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
