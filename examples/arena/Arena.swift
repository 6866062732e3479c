import BackChannel

/// A room where many players walk a field and pick up coins. The whole game: inputs move players, coins make points, and bots walk
/// about when somebody asks for them.
struct Arena: Processor {
    let players: Table<SessionID, Player>
    let coins: Table<Int, Coin>

    init(_ state: inout State) {
        players = state.table("players")
        coins = state.table("coins")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session): join(session, &tick)
            case .input(let input): apply(input, &tick)
            case .left(let session, _): players[session] = nil
            default: break
            }
        }
        moveBots(&tick)
        while coins.count < Field.coinCount { dropCoin(&tick) }
        collect()
    }

    private func join(_ session: Session, _ tick: inout Tick) {
        players[session.id] = Player(
            name: session.claims["name"] ?? "guest", x: .random(in: 50...950, using: &tick.dice),
            y: .random(in: 50...550, using: &tick.dice), hue: .random(in: 0...255, using: &tick.dice))
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        switch Move(input.bytes) {
        case .move(let dx, let dy):
            guard var player = players[input.session] else { return tick.refuse(input, "you are not on the field") }
            player.x = min(max(player.x + clamp(dx), 0), Field.width)
            player.y = min(max(player.y + clamp(dy), 0), Field.height)
            players[input.session] = player
        case .name(let name):
            players[input.session]?.name = name
        case .bots(let count):
            setBots(count, &tick)
        case .invalid(let reason):
            tick.refuse(input, reason)
        }
    }

    private func clamp(_ step: Float) -> Float { min(max(step, -Field.stride), Field.stride) }

    // MARK: Coins

    private func dropCoin(_ tick: inout Tick) {
        let key = (coins.keys.max() ?? 0) + 1
        coins[key] = Coin(
            x: .random(in: 20...980, using: &tick.dice), y: .random(in: 20...580, using: &tick.dice))
    }

    private func collect() {
        for (key, coin) in coins {
            let taker = players.first { _, player in
                abs(player.x - coin.x) < Field.reach && abs(player.y - coin.y) < Field.reach
            }
            guard let taker else { continue }
            players[taker.key]?.score += 1
            coins[key] = nil
        }
    }

    // MARK: Bots

    private func setBots(_ count: Int, _ tick: inout Tick) {
        let bots = players.filter { $0.value.bot }.map(\.key)
        for id in bots.dropFirst(count) { players[id] = nil }
        for _ in bots.count..<max(bots.count, count) {
            let id = SessionID(high: tick.dice.next(), low: tick.dice.next())
            players[id] = Player(
                name: "bot \(id.description.prefix(3))", x: .random(in: 0...Field.width, using: &tick.dice),
                y: .random(in: 0...Field.height, using: &tick.dice), hue: .random(in: 0...255, using: &tick.dice),
                bot: true)
        }
    }

    /// A bot has no memory: where it walks to follows from who it is and how late it is.
    private func moveBots(_ tick: inout Tick) {
        for (id, bot) in players where bot.bot {
            var fate = Dice(seed: id.low ^ (tick.number / 100))
            let dx = Float.random(in: 0...Field.width, using: &fate) - bot.x
            let dy = Float.random(in: 0...Field.height, using: &fate) - bot.y
            let length = (dx * dx + dy * dy).squareRoot()
            guard length > 6 else { continue }
            players[id]?.x = bot.x + dx / length * 6
            players[id]?.y = bot.y + dy / length * 6
        }
    }
}
