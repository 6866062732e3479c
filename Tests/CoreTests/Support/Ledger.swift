import Core
import State

/// What one session did to a channel: enough to see whether each of its inputs was applied once, in order.
struct LedgerAccount: Row {
    var count: Int64 = 0
    var digest: UInt64 = 0

    static let schema = Schema<LedgerAccount>(.field("count", \.count), .field("digest", \.digest))
}

struct LedgerCell: Row {
    var value: Int64 = 0
    var text = ""

    static let schema = Schema<LedgerCell>(.field("value", \.value), .field("text", \.text))
}

/// The rule that cluster tests run. Inputs are texts: `add N` counts N in, in order; `put K V`, `fill K BYTES` and `drop K` change cells; `same`
/// changes nothing; `say TEXT` is answered by a message, `tell TEXT` by one to all; anything else is refused.
struct Ledger: Processor {
    let accounts: Table<SessionID, LedgerAccount>
    let cells: Table<Int, LedgerCell>

    init(_ state: inout State) {
        accounts = state.table("accounts")
        cells = state.table("cells")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request):
                if request.options == Array("stranger".utf8) { tick.refuse(request, "no strangers") }
            case .joined(let session): if accounts[session.id] == nil { accounts[session.id] = LedgerAccount() }
            case .input(let input): apply(input, &tick)
            default: break
            }
        }
    }

    /// What `add` leaves in an account.
    static func digest(_ digest: UInt64, adding number: UInt64) -> UInt64 { digest &* 31 &+ number }

    private func apply(_ input: Input, _ tick: inout Tick) {
        let words = (input.bytes.text ?? "").split(separator: " ")
        switch (words.first, words.dropFirst().first.map(String.init) ?? "") {
        case ("add", let number):
            var account = accounts[input.session] ?? LedgerAccount()
            account.count += 1
            account.digest = Self.digest(account.digest, adding: UInt64(number) ?? 0)
            accounts[input.session] = account
        case ("put", let key):
            let value = Int64(words.last ?? "") ?? 0
            cells[Int(key) ?? 0] = LedgerCell(value: value, text: String(repeating: "x", count: Int(value & 7)))
        case ("fill", let key):
            cells[Int(key) ?? 0] = LedgerCell(value: 0, text: String(repeating: "y", count: Int(words.last ?? "") ?? 0))
        case ("drop", let key): cells[Int(key) ?? 0] = nil
        case ("same", _): break
        case ("say", let text): tick.send(Array(text.utf8), to: input.session)
        case ("tell", let text): tick.sendToAll(Array(text.utf8))
        default: tick.refuse(input, "not in the book")
        }
    }
}
