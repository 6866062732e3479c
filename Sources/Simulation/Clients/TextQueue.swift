import Core

/// The inputs of a client of the text form that have not ended, in order.
struct TextQueue {
    private struct Entry {
        let ticket: InputTicket
        let text: String
        /// Its number under the present grant; nil before it was sent.
        var seq: UInt64?
    }

    private var entries: [Entry] = []
    private(set) var grant: UInt64?
    private var lastSeq: UInt64 = 0
    /// Whether inputs may be said on this connection.
    private(set) var isGranted = false

    mutating func add(_ ticket: InputTicket, _ text: String) { entries.append(Entry(ticket: ticket, text: text)) }

    /// The connection or the link is gone: a grant comes first.
    mutating func suspend() { isGranted = false }

    /// The messages to send now.
    mutating func take() -> [String] {
        guard isGranted, let grant else { return [] }
        var said: [String] = []
        for place in entries.indices.prefix(64) where entries[place].seq == nil {
            lastSeq += 1
            entries[place].seq = lastSeq
            let kind = lastSeq % 5 == 0 ? "inputNow" : "input"
            said.append("{\"\(kind)\":{\"grant\":\"\(grant)\",\"seq\":\(lastSeq),\"data\":\(entries[place].text)}}")
        }
        return said
    }

    /// A grant came. Answers what has ended by that, in order.
    mutating func granted(_ new: UInt64, highest: UInt64, refused: [UInt64]) -> [(InputTicket, InputOutcome)] {
        defer { isGranted = true }
        var ended: [(InputTicket, InputOutcome)] = []
        guard new == grant else {
            ended = entries.filter { $0.seq != nil }.map { ($0.ticket, .undecided) }
            entries.removeAll { $0.seq != nil }
            grant = new
            lastSeq = highest
            return ended
        }
        for entry in entries {
            guard let seq = entry.seq, seq <= highest else { break }
            ended.append((entry.ticket, refused.contains(seq) ? .refused("so the grant says") : .acked(tick: 0)))
        }
        entries.removeFirst(ended.count)
        // What the back has not seen is said again.
        for place in entries.indices { entries[place].seq = nil }
        lastSeq = highest
        return ended
    }

    mutating func acked(_ of: UInt64, _ seq: UInt64, tick: UInt64) -> [(InputTicket, InputOutcome)] {
        guard of == grant else { return [] }
        let count = entries.firstIndex { $0.seq == nil || $0.seq! > seq } ?? entries.count
        defer { entries.removeFirst(count) }
        return entries.prefix(count).map { ($0.ticket, .acked(tick: tick)) }
    }

    mutating func refused(_ of: UInt64, _ seq: UInt64, _ reason: String) -> [(InputTicket, InputOutcome)] {
        guard of == grant, let place = entries.firstIndex(where: { $0.seq == seq }) else { return [] }
        return [(entries.remove(at: place).ticket, .refused(reason))]
    }
}
