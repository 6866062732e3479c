import Core
import State

/// What the person behind a simulated client does: reads channels, writes to one, changes its mind.
final class Actor {
    private let client: SimulatedClient
    private unowned let world: World
    private var dice: Dice
    /// For what is said beside the inputs.
    private var sayDice: Dice
    private(set) var isQuiet = false

    init(_ client: SimulatedClient, _ world: World, seed: UInt64) {
        self.client = client
        self.world = world
        dice = Dice(seed: seed)
        sayDice = Dice(seed: seed &+ 1)
    }

    private var channels: [String] { world.plan.channels }

    func begin() {
        client.start()
        for channel in channels where dice.chance(2, in: 3) { client.read(channel) }
        if client.core.rooms.isEmpty { client.read(channels[dice.below(channels.count)]) }
        if dice.chance(4, in: 5) { client.write(client.core.rooms[dice.below(client.core.rooms.count)].channel) }
        goOn()
    }

    /// From now on it only reads; what it has said still ends.
    func quiet() { isQuiet = true }

    private func goOn() {
        guard !isQuiet else { return }
        let wait = Duration.milliseconds(1 + dice.within(0...(world.plan.thinkMilliseconds * 2)))
        world.scheduler.after(wait, for: client) { [weak self] in
            guard let self, !self.isQuiet else { return }
            self.act()
            if self.sayDice.chance(1, in: 5) { self.say() }
            self.goOn()
        }
    }

    private func act() {
        switch dice.below(100) {
        case 0..<4: client.write(channels[dice.below(channels.count)])
        case 4: client.write(nil)
        case 5:
            if client.core.rooms.count > 1 {
                client.unread(client.core.rooms[dice.below(client.core.rooms.count)].channel)
            }
        case 6, 7: client.read(channels[dice.below(channels.count)])
        case 8..<30: break
        default: speak(1 + dice.below(dice.chance(1, in: 20) ? 120 : 4))
        }
    }

    /// Says something beside its wishes, mostly to one channel.
    private func say() {
        let rooms = client.core.rooms
        let kind = Saying.Kind.allCases.randomElement(using: &sayDice) ?? .echo
        let room = sayDice.chance(1, in: 4) || rooms.isEmpty ? nil : rooms[sayDice.below(rooms.count)].channel
        client.say(kind, to: room)
        // An input right behind it.
        if sayDice.chance(1, in: 2) { speak(1) }
    }

    /// Says some wishes to the channel that it writes to.
    func speak(_ count: Int) {
        guard let channel = client.core.writer else { return }
        for _ in 0..<count {
            let kind = Wish.Kind.some(&dice)
            let value = kind == .fill ? dice.below(3000) : dice.below(1000)
            client.send(kind, key: dice.below(24), value: value, to: channel)
        }
    }
}
