import Core
import Glibc
import Loop

/// A tool's conversation with the hub about jobs: one message, one answer. On a loop of its own, which the caller's thread runs.
package final class JobCaller: HubLinkOwner {
    private let loop: EventLoop
    private var link: HubLink?
    private var isOpen = false
    private var answers: [JobMessage] = []

    /// How long the hub may take to open its line.
    private static let patienceMilliseconds: UInt64 = 5_000

    /// Opens the line to the hub of a state folder.
    package init(stateFolder: String) throws(NodeFailure) {
        let name = "tool-\(getpid())"
        let environment = try NodeEnvironment(stateFolder: stateFolder, name: name)
        guard let address = environment.hub else { throw NodeFailure("no hub is known") }
        do throws(LoopError) { loop = try EventLoop() } catch { throw NodeFailure("no event loop: \(error)") }
        var dice = SystemRandomNumberGenerator()
        let link = HubLink(
            on: loop, to: address, key: environment.key, role: .tool, incarnation: Incarnation(rawValue: dice.next()),
            announcement: Announcement(role: "", name: name, pid: getpid()),
            log: Log("tool", level: .error),
            owner: self)
        self.link = link
        link.start()
        try wait("the hub at \(address) does not answer", Self.patienceMilliseconds) { self.isOpen }
    }

    package func say(_ message: JobMessage) { link?.say(message) }

    /// The next message of the hub.
    package func next(withinMilliseconds bound: UInt64) throws(NodeFailure) -> JobMessage {
        try wait("no answer from the hub", bound) { !self.answers.isEmpty }
        return answers.removeFirst()
    }

    private func wait(_ complaint: String, _ bound: UInt64, _ condition: () -> Bool) throws(NodeFailure) {
        let isReached: Bool
        do throws(LoopError) { isReached = try loop.runTurns(until: condition, withinMilliseconds: bound) } catch {
            throw NodeFailure("\(error)")
        }
        guard isReached else { throw NodeFailure(complaint) }
    }

    // MARK: HubLinkOwner

    package func hubOpened() { isOpen = true }
    package func hubDirectory(_ message: DirectoryMessage) {}
    package func hubListener(_ message: ListenerMessage, descriptor: Int32) { close(descriptor) }
    package func hubAnswer(_ answer: Answer) {}
    package func hubStop(_ message: StopMessage) {}
    package func hubClosed() { isOpen = false }
    package func hubJob(_ message: JobMessage) { answers.append(message) }
}
