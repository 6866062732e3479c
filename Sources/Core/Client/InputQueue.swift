import State

/// The inputs of one channel: numbered per grant, kept until their outcome is known, at most a window of them under way.
///
/// The entry at place *i* has the number `highest + 1 + i`, so a cumulative ack takes a prefix away and a resend begins at the
/// front. A refused entry keeps its place, and so its number, until an ack passes it.
struct InputQueue {
    private struct Entry {
        let bytes: [UInt8]
        let ticket: InputTicket
        var state = EntryState.waiting
    }

    /// waiting → attempted → settled, or waiting → settled. A new grant makes nothing younger.
    private enum EntryState {
        case waiting
        /// It left at least once: the back may have it.
        case attempted
        /// Its outcome was told; it only keeps its number.
        case settled
    }

    private let undecided: UndecidedPolicy
    private var entries: [Entry] = []
    /// How many of the entries are under way on this connection, and their bytes.
    private var sentCount = 0
    private var sentByteCount = 0
    private var byteCount = 0
    private(set) var grant: GrantID?
    /// Whether inputs may leave: false until the grant is said on the connection at hand.
    private var isOpen = false
    /// Whether the grant was given back: its inputs are decided under it or never.
    private var isWithdrawn = false
    private var highest = InputNumber.none
    /// Where the last resend for a repeated ack began, so that one repeat causes one resend.
    private var resentAt: InputNumber?
    private(set) var resentCount: UInt64 = 0
    private var outcomes: [(InputTicket, InputOutcome)] = []

    init(undecided: UndecidedPolicy) { self.undecided = undecided }

    /// Inputs without an outcome.
    var unsettledCount: Int { entries.count { $0.state != .settled } }

    /// Takes an input. Too large, or no room, is an answer.
    mutating func offer(_ bytes: [UInt8], ticket: InputTicket) -> InputOffer {
        guard bytes.count <= Limits.inputBytes else {
            return .refused("an input has at most \(Limits.inputBytes) bytes, this one has \(bytes.count)")
        }
        guard entries.count < ClientLimits.queuedInputs, byteCount + bytes.count <= ClientLimits.queuedBytes else {
            return .refused("\(entries.count) inputs are waiting already")
        }
        byteCount += bytes.count
        entries.append(Entry(bytes: bytes, ticket: ticket))
        return .queued(ticket)
    }

    /// A grant stands. The same as before: what lies above `highest` goes again. A new one: what was under way is undecided.
    /// Answers whether it is new.
    mutating func granted(_ grant: GrantID, highest: InputNumber, refused: [InputNumber]) -> Bool {
        let isNew = grant != self.grant
        if isNew {
            keep { $0.state != .settled }
            // Under a grant that was given back they may have been applied, and the back does not know any more.
            if undecided == .report || isWithdrawn { abandon { $0.state == .attempted } }
        } else {
            for number in refused { self.refused(number, "refused while the connection was away") }
            pass(highest, tick: TickNumber(rawValue: 0))
        }
        self.grant = grant
        self.highest = highest
        isOpen = true
        isWithdrawn = false
        resentAt = nil
        rewind()
        return isNew
    }

    /// A grant that was given back meanwhile says what it had decided of ours.
    mutating func learned(highest: InputNumber, refused: [InputNumber]) {
        for number in refused { self.refused(number, "refused while the connection was away") }
        pass(highest, tick: TickNumber(rawValue: 0))
        self.highest = max(self.highest, highest)
    }

    /// Everything up to `highest` is decided. Said twice without progress it means that the back misses the next one.
    mutating func acked(_ highest: InputNumber, tick: TickNumber) {
        guard highest >= self.highest else { return }
        let isRepeated = highest == self.highest
        pass(highest, tick: tick)
        self.highest = highest
        guard isRepeated, resentAt != highest, sentCount > 0 else { return }
        resentAt = highest
        rewind()
    }

    /// The application did not take one. Its number stays taken.
    mutating func refused(_ number: InputNumber, _ reason: String) {
        guard number > highest, number.rawValue - highest.rawValue <= UInt64(entries.count) else { return }
        settle(Int(number.rawValue - highest.rawValue - 1), .refused(reason))
    }

    /// The connection is lost: nothing leaves until the next grant.
    mutating func pause() { isOpen = false }

    /// The right to write goes elsewhere: what was never sent is refused, what was waits for its ack.
    mutating func withdraw(_ reason: String) {
        isOpen = false
        isWithdrawn = true
        // What never left has no number yet and stands behind all that did.
        guard let first = entries.firstIndex(where: { $0.state == .waiting }) else { return }
        for place in first..<entries.count {
            settle(place, .refused(reason))
            byteCount -= entries[place].bytes.count
        }
        entries.removeSubrange(first...)
    }

    /// No ack will come any more.
    mutating func end(_ reason: String) {
        withdraw(reason)
        abandon { $0.state == .attempted }
        keep { _ in false }
        grant = nil
    }

    /// Outcomes since the last call, in the order in which they came about.
    mutating func takeOutcomes() -> [(InputTicket, InputOutcome)] {
        defer { outcomes.removeAll() }
        return outcomes
    }

    /// Writes the frames that may leave now.
    mutating func write(_ send: (GrantID, InputNumber, ArraySlice<[UInt8]>) -> Void) {
        guard isOpen, let grant else { return }
        while sentCount < entries.count {
            let first = sentCount
            var batch: [[UInt8]] = []
            var batchByteCount = 0
            while sentCount < entries.count {
                let size = entries[sentCount].bytes.count
                let isOver =
                    sentCount >= Limits.windowInputs || sentByteCount + size > Limits.windowBytes
                // One legal input may always be under way.
                if isOver, sentCount > 0 { break }
                if !batch.isEmpty, batchByteCount + size + 8 > Limits.inputBytes { break }
                switch entries[sentCount].state {
                case .waiting: entries[sentCount].state = .attempted
                case .attempted: resentCount += 1
                case .settled: break
                }
                batch.append(entries[sentCount].bytes)
                batchByteCount += size + 8
                sentCount += 1
                sentByteCount += size
            }
            guard !batch.isEmpty else { return }
            send(grant, InputNumber(rawValue: highest.rawValue + 1 + UInt64(first)), batch[...])
        }
    }

    /// Lets go of everything up to `highest`.
    private mutating func pass(_ highest: InputNumber, tick: TickNumber) {
        guard highest > self.highest else { return }
        let passed = Int(min(highest.rawValue - self.highest.rawValue, UInt64(entries.count)))
        for place in 0..<passed {
            settle(place, .acked(tick: tick.rawValue))
            byteCount -= entries[place].bytes.count
            if place < sentCount { sentByteCount -= entries[place].bytes.count }
        }
        entries.removeFirst(passed)
        sentCount = max(0, sentCount - passed)
    }

    private mutating func rewind() {
        sentCount = 0
        sentByteCount = 0
    }

    private mutating func settle(_ place: Int, _ outcome: InputOutcome) {
        guard entries[place].state != .settled else { return }
        entries[place].state = .settled
        outcomes.append((entries[place].ticket, outcome))
    }

    private mutating func abandon(_ which: (borrowing Entry) -> Bool) {
        for place in entries.indices where which(entries[place]) { settle(place, .undecided) }
        keep { $0.state != .settled }
    }

    /// Only between grants: numbers follow from places.
    private mutating func keep(_ which: (borrowing Entry) -> Bool) {
        entries = entries.filter { which($0) }
        byteCount = entries.reduce(0) { $0 + $1.bytes.count }
        rewind()
    }
}
