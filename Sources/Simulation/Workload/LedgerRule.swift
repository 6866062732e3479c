import Core
import State

/// What one session did to a channel: enough to see at a client whether each of its inputs was applied once, in order.
struct Account: Row {
    var count: Int64 = 0
    var last: Int64 = 0
    var digest: UInt64 = 0

    static let schema = Schema<Account>(
        .field("count", \.count), .field("last", \.last), .field("digest", \.digest))
}

struct Cell: Row {
    var value: Int64 = 0
    var text = ""

    static let schema = Schema<Cell>(.field("value", \.value), .field("text", \.text))
}

/// What a rule did since it was last asked. The world's own book: a processor may have no side effects but this one.
final class RuleJournal {
    struct Entry {
        let session: SessionID
        let wish: Wish
        let isRefused: Bool
    }

    private(set) var entries: [Entry] = []
    private(set) var departures: [(SessionID, LeaveReason)] = []

    func note(_ entry: Entry) { entries.append(entry) }
    func noteLeft(_ session: SessionID, _ reason: LeaveReason) { departures.append((session, reason)) }

    func take() -> (entries: [Entry], departures: [(SessionID, LeaveReason)]) {
        defer {
            entries.removeAll(keepingCapacity: true)
            departures.removeAll()
        }
        return (entries, departures)
    }
}

/// The rule that simulated channels run.
struct LedgerRule: Processor {
    private let accounts: Table<SessionID, Account>
    private let cells: Table<Int, Cell>
    let journal = RuleJournal()

    init(_ state: inout State) {
        accounts = state.table("accounts")
        cells = state.table("cells")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session): if accounts[session.id] == nil { accounts[session.id] = Account() }
            case .left(let session, let reason):
                accounts[session] = nil
                journal.noteLeft(session, reason)
            case .input(let input): apply(input, &tick)
            default: break
            }
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        guard let wish = Wish(input.bytes) else { return tick.refuse(input, "no wish") }
        journal.note(.init(session: input.session, wish: wish, isRefused: wish.kind == .refuse))
        switch wish.kind {
        case .put: cells[wish.key] = Cell(value: Int64(wish.value), text: String(repeating: "x", count: wish.value & 7))
        case .add: cells[wish.key]?.value += Int64(wish.value)
        case .remove: cells[wish.key] = nil
        case .nothing: break
        case .refuse: return tick.refuse(input, "refused as asked")
        case .say: tick.send(Array(input.bytes), to: input.session)
        case .fill: cells[wish.key] = Cell(value: 0, text: String(repeating: "y", count: wish.value))
        }
        var account = accounts[input.session] ?? Account()
        account.count += 1
        account.last = Int64(wish.index)
        account.digest = account.digest &* 31 &+ UInt64(wish.index)
        accounts[input.session] = account
    }
}
