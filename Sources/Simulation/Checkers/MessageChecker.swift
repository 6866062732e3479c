import Core
import State

/// Messages beside the state: at most once, in order where one way carries them, to nobody but whom they are for, and none
/// behind an input that was said after it.
final class MessageChecker {
    /// Somebody who hears what one life of a channel tells.
    private struct Ear: Hashable {
        enum Kind: Hashable {
            case client(Int)
            case front(Int32)
        }

        let kind: Kind
        let channel: String
        let life: Int
    }

    private struct Voice: Hashable {
        let lineage: Lineage
        let client: Int
    }

    private struct Passed: Hashable {
        let to: Lineage
        let life: Int
        let number: Int
    }

    private unowned let world: World
    /// The last saying of each client that a life of a channel heard.
    private var lastSaid: [Voice: Int] = [:]
    /// The last telling of a life of a channel that each of its listeners heard.
    private var lastTold: [Ear: Int] = [:]
    /// Of the last tick that told a front something: which of its messages came.
    private var toldInTick: [Ear: (tick: Int, numbers: Set<Int>)] = [:]
    private var passed: Set<Passed> = []

    init(_ world: World) { self.world = world }

    /// A back's tick heard these, in this order.
    func heard(_ entries: [RuleJournal.Heard], channel: String, _ lineage: Lineage) {
        for entry in entries {
            switch entry {
            case .saying(let saying, let session, let lastIndex): heard(saying, session, lastIndex, channel, lineage)
            case .passed(let telling):
                world.tally.messagesPassed += 1
                let one = Passed(to: lineage, life: telling.life, number: telling.number)
                guard passed.insert(one).inserted else {
                    world.fail(.g1, "\(channel) was passed message \(telling.number) of another channel twice")
                    continue
                }
            }
        }
    }

    private func heard(
        _ saying: Saying, _ session: SessionID?, _ lastIndex: Int, _ channel: String, _ lineage: Lineage
    ) {
        world.tally.messagesSaid += 1
        let who = "message \(saying.number) of client-\(saying.client)"
        guard let ledger = world.inputs.ledger(saying.client), saying.number <= ledger.sayingCount else {
            return world.fail(.g1, "\(channel) heard \(who), which nobody said")
        }
        if let own = ledger.session, own != session {
            world.fail(.g1, "\(channel) heard \(who) as somebody else's")
        }
        let voice = Voice(lineage: lineage, client: saying.client)
        if let last = lastSaid[voice], saying.number <= last {
            world.fail(.g1, "\(channel) heard \(who) behind message \(last)")
        }
        lastSaid[voice] = saying.number
        if lastIndex >= saying.nextIndex {
            world.fail(.g1, "\(channel) heard \(who) behind input \(lastIndex), which was said after it")
        }
    }

    /// A client was told something by a channel. Answers whether it was a telling.
    func cameToClient(_ number: Int, _ name: String, _ channel: String, _ data: [UInt8]) -> Bool {
        guard let telling = Telling(data) else { return false }
        if telling.kind == .echo, telling.client != number {
            world.fail(.g1, "\(name) was told an answer for client-\(telling.client)")
        }
        came(telling, Ear(kind: .client(number), channel: channel, life: telling.life), name)
        return true
    }

    func cameToFront(_ front: SimulatedFront, _ channel: String, _ data: [UInt8]) {
        guard let telling = Telling(data), telling.kind == .fronts else {
            return world.fail(.g1, "\(front.name) was told by \(channel) what is not for it")
        }
        world.tally.messagesToFronts += 1
        // In the tick in which a front's link comes, what was said before over no link leaves behind what came over it.
        let ear = Ear(kind: .front(front.pid), channel: channel, life: telling.life)
        var told = toldInTick[ear] ?? (telling.tick, [])
        if telling.tick > told.tick { told = (telling.tick, []) }
        if telling.tick < told.tick || !told.numbers.insert(telling.number).inserted {
            world.fail(.g1, "\(front.name) was told message \(telling.number) of \(channel) twice or out of order")
        }
        toldInTick[ear] = told
    }

    private func came(_ telling: Telling, _ ear: Ear, _ name: String) {
        if let last = lastTold[ear], telling.number <= last {
            world.fail(.g1, "\(name) was told message \(telling.number) of \(ear.channel) behind \(last)")
        }
        lastTold[ear] = telling.number
    }
}
