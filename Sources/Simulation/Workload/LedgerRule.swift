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

/// The audiences of a simulated channel beside everyone and the sessions' own: whoever is in one sees its hidden cells.
enum HidingPlace {
    static let count = 5

    static func name(_ value: Int) -> String { "place-\(value % count)" }
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
    /// Audiences whose rows may be others, and sessions that may be in others.
    private(set) var audiences: Set<Audience> = []
    private(set) var members: Set<SessionID> = []

    /// What was heard beside the inputs, in order.
    enum Heard {
        /// - Parameter lastIndex: the last wish of the same client that was taken before it.
        case saying(Saying, SessionID?, lastIndex: Int)
        case passed(Telling)
    }

    private(set) var heard: [Heard] = []
    private var lastIndexOf: [Int: Int] = [:]
    private var tellingCount = 0
    private var life = 0

    func note(_ entry: Entry) {
        entries.append(entry)
        lastIndexOf[entry.wish.client] = entry.wish.index
    }

    func noteHeard(_ saying: Saying, of session: SessionID?) {
        heard.append(.saying(saying, session, lastIndex: lastIndexOf[saying.client] ?? 0))
    }

    func notePassed(_ telling: Telling) { heard.append(.passed(telling)) }

    /// What the channel tells of a saying: the next of its life, which the first tick's dice name.
    func telling(of saying: Saying, _ tick: borrowing Tick) -> Telling {
        if life == 0 {
            var dice = tick.dice
            life = 1 + Int(dice.next() >> 16)
        }
        tellingCount += 1
        return Telling(
            life: life, tick: Int(tick.number), number: tellingCount, kind: saying.kind, client: saying.client)
    }

    func takeHeard() -> [Heard] {
        defer { heard.removeAll(keepingCapacity: true) }
        return heard
    }

    func noteLeft(_ session: SessionID, _ reason: LeaveReason) { departures.append((session, reason)) }

    func noteRows(_ audience: Audience?) { if let audience { audiences.insert(audience) } }
    func noteMember(_ session: SessionID) { members.insert(session) }

    func takeAudiences() -> (audiences: Set<Audience>, members: Set<SessionID>) {
        defer {
            audiences.removeAll(keepingCapacity: true)
            members.removeAll(keepingCapacity: true)
        }
        return (audiences, members)
    }

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
    private let audiences: Audiences
    let journal = RuleJournal()

    init(_ state: inout State) {
        accounts = state.table("accounts")
        cells = state.table("cells")
        audiences = state.audiences
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session):
                if accounts[session.id] == nil { accounts[session.id] = Account() }
                journal.noteMember(session.id)
            // Whoever is away is in other audiences when he comes back.
            case .detached(let session): moveOn(session, &tick)
            case .left(let session, let reason):
                accounts[session] = nil
                journal.noteMember(session)
                journal.noteLeft(session, reason)
            case .input(let input): apply(input, &tick)
            case .message(let message): hear(message, &tick)
            default: break
            }
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        guard let wish = Wish(input.bytes) else { return tick.refuse(input, "no wish") }
        journal.note(.init(session: input.session, wish: wish, isRefused: wish.kind == .refuse))
        journal.noteRows(cells.audience(of: wish.key))
        defer { journal.noteRows(cells.audience(of: wish.key)) }
        let place = audiences[HidingPlace.name(wish.value)]
        switch wish.kind {
        case .put: cells[wish.key] = Cell(value: Int64(wish.value), text: String(repeating: "x", count: wish.value & 7))
        case .add: cells[wish.key]?.value += Int64(wish.value)
        case .remove: cells[wish.key] = nil
        case .nothing: break
        case .refuse: return tick.refuse(input, "refused as asked")
        case .say: tick.send(Array(input.bytes), to: input.session)
        case .fill: cells[wish.key] = Cell(value: 0, text: String(repeating: "y", count: wish.value))
        case .hide where wish.value % 7 == 0:
            cells[wish.key, for: audiences[of: input.session]] = Cell(value: Int64(wish.value), text: "own")
            journal.noteMember(input.session)
        case .hide: cells.move(wish.key, to: wish.value % 7 == 1 ? .nobody : place)
        case .show: cells.move(wish.key, to: .everyone)
        case .enter:
            tick.enter(place, input.session)
            journal.noteMember(input.session)
        case .leave:
            tick.leave(place, input.session)
            journal.noteMember(input.session)
        }
        var account = accounts[input.session] ?? Account()
        account.count += 1
        account.last = Int64(wish.index)
        account.digest = account.digest &* 31 &+ UInt64(wish.index)
        accounts[input.session] = account
    }

    private func hear(_ message: Message, _ tick: inout Tick) {
        if let telling = Telling(message.bytes) { return journal.notePassed(telling) }
        guard let saying = Saying(message.bytes) else { return }
        journal.noteHeard(saying, of: message.session)
        let telling = journal.telling(of: saying, tick).bytes
        switch saying.kind {
        case .echo:
            if let session = message.session { tick.send(telling, to: session) }
        case .spread: tick.sendToAll(telling)
        case .pass:
            // Which may be one that nobody reads and that comes to be by being told something.
            let number = tick.channelID.utf8.last.map { Int($0) - 48 } ?? 0
            tick.send(telling, toChannel: "room/\(number % 4 + 1)")
        case .fronts: tick.send(telling, toFronts: .all)
        }
    }

    private func moveOn(_ session: SessionID, _ tick: inout Tick) {
        let own = accounts[session]?.last ?? 0
        tick.setAudiences([audiences[HidingPlace.name(Int(own))]], of: session)
        journal.noteMember(session)
    }
}
