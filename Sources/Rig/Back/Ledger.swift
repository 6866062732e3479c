import BackChannel

/// The rule of `ledger/*`: one account a session, and a beat each tick.
struct Ledger: Processor {
    static let accountsTable = "accounts"
    static let beatTable = "beat"
    static let beatKey = 0

    let accounts: Table<SessionID, Account>
    let beat: Table<Int, Beat>

    init(_ state: inout State) {
        accounts = state.table(Self.accountsTable)
        beat = state.table(Self.beatTable)
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session): accounts[session.id] = Account()
            case .left(let id, _): accounts[id] = nil
            case .input(let input):
                guard let mine = RigInput(input.bytes) else {
                    tick.refuse(input, "no serial number")
                    continue
                }
                accounts[input.session]?.take(mine)
                if mine.isRefused { tick.refuse(input, "every \(RigInput.refusedEvery)th is refused") }
            default: break
            }
        }
        var digest: UInt64 = 0
        for (id, account) in accounts { digest &+= tick.number(of: id).map(account.digest) ?? 0 }
        beat[Self.beatKey] = Beat(count: (beat[Self.beatKey]?.count ?? 0) + 1, digest: digest)
    }
}
