import Core
import Glibc
import Loop
import Node

/// Somebody who asks for jobs at a steady rate and goes on whatever happens to the hub: what was not answered is asked again.
/// Confined to its loop.
package final class JobAsker: HubLinkOwner {
    struct Plan: Sendable {
        var stateFolder: String
        var field: JobField
        /// Requests a second.
        var rate: Double
        var seed: UInt64
        var name: String
    }

    /// A request that the hub took.
    package struct Taken: Sendable {
        /// The number of its address in the field.
        package var address: Int
        package var sentAt: UInt64
        /// When its end was told, and how; nil if that was not awaited, or the hub died before.
        package var end: (at: UInt64, outcome: JobEnding.Outcome)?

        package init(address: Int, sentAt: UInt64, end: (at: UInt64, outcome: JobEnding.Outcome)? = nil) {
            (self.address, self.sentAt, self.end) = (address, sentAt, end)
        }
    }

    struct Story: Sendable {
        var taken: [Taken] = []
        var queued = 0
        var merged = 0
        /// Asked once more, because the hub died before it answered.
        var askedAgain = 0
        var rejected: [JobRejection: Int] = [:]
    }

    private struct Open {
        var address: Int
        var sentAt: UInt64
        var awaitsEnd: Bool
    }

    private static let turnMilliseconds: UInt64 = 5
    private static let burstNanoseconds: UInt64 = 2_000_000_000
    /// Requests without an answer; more are not made.
    private static let openLimit = 500
    /// One request in so many awaits its end.
    private static let awaitEvery: UInt64 = 4

    private let plan: Plan
    private let loop: EventLoop
    private var link: HubLink?
    private var timer: Loop.Timer?
    private var dice: Dice
    private var story = Story()
    private var lastNumber: UInt64 = 0
    private var open: [UInt64: Open] = [:]
    /// Those whose end is awaited, with their place among the taken.
    private var awaited: [UInt64: Int] = [:]
    private var again: [Int] = []
    /// Since when requests are due, and how many were made since; nil when no more are.
    private var pace: (since: UInt64, made: UInt64)?

    private init(_ loop: EventLoop, _ plan: Plan) throws {
        (self.loop, self.plan) = (loop, plan)
        dice = Dice(seed: plan.seed)
        let environment = try NodeEnvironment.worker(stateFolder: plan.stateFolder, name: plan.name)
        guard let hub = environment.hub else { throw RigFailure("the state folder names no hub") }
        let link = HubLink(
            on: loop, to: hub, key: environment.key, role: .tool, incarnation: Incarnation(rawValue: dice.next()),
            announcement: Announcement(role: "", name: plan.name, pid: getpid()), log: Log(plan.name, level: .error),
            owner: self)
        self.link = link
        timer = try Loop.Timer(on: loop) { [unowned self] in turn() }
        timer?.arm(afterMilliseconds: 1)
        pace = (loop.nowNanoseconds, 0)
        link.start()
    }

    /// Starts a thread with one that asks.
    static func start(_ plan: Plan) throws -> Confined<JobAsker> {
        let loop = try EventLoop()
        let confined = Confined(try JobAsker(loop, plan), loop.mailbox)
        _ = try LoopThread { confined.value.loop.run() }
        return confined
    }

    /// How many of its requests became jobs of their own, and how many are not answered.
    var standing: (queued: Int, open: Int) { (story.queued, open.count + again.count) }

    /// Asks for what is asked for most, for the last time; what was not answered is seen through.
    func pause() {
        pace = nil
        for _ in 0..<2 { again += plan.field.hot }
    }

    func end() -> Story {
        timer?.close()
        link?.stop()
        loop.stop()
        return story
    }

    private func turn() {
        defer { timer?.arm(afterMilliseconds: Self.turnMilliseconds) }
        guard link?.isOpen == true else { return }
        let late = again
        again = []
        for address in late { ask(address) }
        guard let pace else { return }
        let due = Self.due(loop.nowNanoseconds - pace.since, rate: plan.rate)
        // What was due while there was no hub is made up for, not all at once.
        let count = min(due - min(due, pace.made), 50)
        for _ in 0..<count where open.count < Self.openLimit {
            ask(plan.field.pick(&dice))
            self.pace?.made += 1
        }
    }

    /// Requests due after so long: twice the rate for two seconds, then none for two, so that the queue fills and empties.
    private static func due(_ nanoseconds: UInt64, rate: Double) -> UInt64 {
        let (rounds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 2 * burstNanoseconds)
        let seconds = Double(rounds * burstNanoseconds + min(rest, burstNanoseconds)) / 1e9
        return UInt64(seconds * 2 * rate)
    }

    private func ask(_ address: Int) {
        lastNumber += 1
        let awaitsEnd = dice.next() % Self.awaitEvery == 0
        open[lastNumber] = Open(address: address, sentAt: loop.nowNanoseconds, awaitsEnd: awaitsEnd)
        link?.say(.submit(number: lastNumber, JobRequest(plan.field.addresses[address]), awaitsEnd: awaitsEnd))
    }

    // MARK: HubLinkOwner

    package func hubJob(_ message: JobMessage) {
        switch message {
        case .answer(let number, let answer):
            guard let request = open.removeValue(forKey: number) else { return }
            switch answer {
            case .queued: story.queued += 1
            case .merged: story.merged += 1
            case .rejected(let reason):
                story.rejected[reason, default: 0] += 1
                return again.append(request.address)
            }
            if request.awaitsEnd { awaited[number] = story.taken.count }
            story.taken.append(Taken(address: request.address, sentAt: request.sentAt))
        case .ended(let number, let outcome):
            guard let place = awaited.removeValue(forKey: number) else { return }
            story.taken[place].end = (loop.nowNanoseconds, outcome)
        default: break
        }
    }

    package func hubOpened() {}

    package func hubClosed() {
        again += open.sorted { $0.key < $1.key }.map(\.value.address)
        story.askedAgain += open.count
        open = [:]
        awaited = [:]
    }

    package func hubDirectory(_ message: DirectoryMessage) {}
    package func hubListener(_ message: ListenerMessage, descriptor: Int32) { close(descriptor) }
    package func hubAnswer(_ answer: Answer) {}
    package func hubStop(_ message: StopMessage) {}
}
