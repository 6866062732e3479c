import BackChannel
import Glibc

/// The rule of every channel of the fixture: it keeps what the tests want to see, and does what their inputs say.
struct Room: Processor {
    let players: Table<SessionID, Player>
    let things: Table<String, Thing>
    let log: Table<Int, Entry>
    let samples: Table<Int, Sample>

    let audiences: Audiences

    private static let entryLimit = 64

    init(_ state: inout State) {
        audiences = state.audiences
        players = state.table("players")
        things = state.table("things")
        log = state.table("log")
        samples = state.table("samples")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request): decide(request, &tick)
            case .joined(let session):
                players[session.id] = Player()
                note("joined", session.id, &tick)
            case .detached(let id):
                players[id]?.isHere = false
                note("detached", id, &tick)
            case .returned(let session):
                players[session.id]?.isHere = true
                note("returned", session.id, &tick)
            case .left(let id, let reason):
                players[id] = nil
                note("left: \(reason)", id, &tick)
            case .writeGranted(let id, let options): note("writeGranted", id, options, &tick)
            case .writeRevoked(let id, let options): note("writeRevoked", id, options, &tick)
            case .input(let input): apply(input, &tick)
            case .message(let message):
                let sender = message.channel.map { " from \($0)" } ?? ""
                note("message\(sender): \(message.bytes.text ?? "?")", message.session, &tick)
            case .linked, .unlinked, .answered: break
            }
        }
    }

    /// Nobody comes into a room called "closed"; options that begin with "no" are refused; others come back with the yes.
    private func decide(_ request: Request, _ tick: inout Tick) {
        let options = String(decoding: request.options, as: UTF8.self)
        if tick.channelID.hasSuffix("closed") {
            tick.refuse(request, "this room is closed")
        } else if options.hasPrefix("no") {
            tick.refuse(request, "the options say \(options)")
        } else if !options.isEmpty {
            tick.accept(request, data: Array("{\"heard\":\"\(options)\"}".utf8))
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        guard let wish = Wish(input.bytes) else { return tick.refuse(input, "not a wish") }
        if let reason = wish.refuse { return tick.refuse(input, reason) }
        precondition(wish.trap != true, "a wish that ends the process")
        if let amount = wish.add {
            players[input.session]?.sum += amount
            players[input.session]?.inputs += 1
        }
        if wish.note != nil { players[input.session]?.text = input.bytes.text ?? "" }
        if let text = wish.tell { tick.send(Array("{\"told\":\"\(text)\"}".utf8), to: input.session) }
        if let text = wish.tellAll { tick.sendToAll(Array("{\"told\":\"\(text)\"}".utf8)) }
        if let post = wish.post { tick.send(Array(post.text.utf8), toChannel: post.to) }
        if let text = wish.allFronts { tick.send(Array(text.utf8), toFronts: .all) }
        if let text = wish.linkedFronts { tick.send(Array(text.utf8), toFronts: .linked) }
        if let post = wish.front { tick.send(Array(post.text.utf8), toFront: post.to) }
        if let whom = wish.dismiss, let id = whom == "me" ? input.session : SessionID(whom) {
            tick.dismiss(id, "you were asked to go")
        }
        if let milliseconds = wish.slow { usleep(UInt32(milliseconds) * 1000) }
        if let rate = wish.rate { tick.rate = .hertz(rate) }
        if let seed = wish.dice { change(seed) }
        if wish.sample == true { samples[-1] = .telling }
        if let name = wish.enter { tick.enter(audiences[name], input.session) }
        if let name = wish.leave { tick.leave(audiences[name], input.session) }
        if let move = wish.move { put(move, input.session) }
        if let count = wish.replace {
            things.replaceAll(with: (0..<count).map { (key: "new \($0)", value: Thing(value: Int32($0))) })
        }
    }

    private func put(_ move: Wish.Move, _ session: SessionID) {
        let audience: Audience =
            switch move.to {
            case "everyone": .everyone
            case "nobody": .nobody
            case "me": audiences[of: session]
            default: audiences[move.to]
            }
        if things.contains(move.thing) {
            things.move(move.thing, to: audience)
        } else {
            things[move.thing, for: audience] = Thing()
        }
    }

    private func change(_ seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<Int.random(in: 1...4, using: &dice) {
            let key = "thing \(Int.random(in: 0..<40, using: &dice))"
            switch Int.random(in: 0..<4, using: &dice) {
            case 0: things[key] = nil
            case 1: things[key]?.size = .random(in: 0...1, using: &dice)
            default: things[key, default: Thing()].value = .random(in: -1000...1000, using: &dice)
            }
        }
    }

    private func note(_ event: String, _ session: SessionID, _ options: [UInt8], _ tick: inout Tick) {
        note(options.isEmpty ? event : "\(event) \(String(decoding: options, as: UTF8.self))", session, &tick)
    }

    private func note(_ event: String, _ session: SessionID?, _ tick: inout Tick) {
        let last = log.keys.max() ?? 0
        log[last + 1] = Entry(event: event, session: session.map { "\($0)" } ?? "")
        log[last + 1 - Self.entryLimit] = nil
    }
}
