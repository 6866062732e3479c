import ChannelClient
import Core
import Loop
import State

/// One client of the rig: the product's own, with somebody who watches all that it is told.
final class RigClient: ClientShellDelegate {
    /// What is promised to the clients of a run.
    struct Promise: Sendable {
        /// Backs are lost, so inputs may end undecided.
        var mayLoseBacks = false
        /// Connections are lost, because fronts are.
        var mayLoseConnections = false
    }

    /// here → away → here: away since a loss until the client may write and holds a state that came after.
    private enum Place {
        case away(since: UInt64, isGranted: Bool, hasState: Bool, needsNewLineage: Bool)
        case here
    }

    private static let storyLimit = 64

    let channel: String
    let shell: ClientShell
    private let promise: Promise
    private let loop: EventLoop
    private let wholeEvery: UInt64
    private var place: Place
    private var isFirstTime = true
    private var check = StateCheck()
    private var serials: [InputTicket: UInt64] = [:]
    private var lastSerial: UInt64 = 0
    /// What happened since it was lost last.
    private var story: [String] = []
    private(set) var work = Work()

    /// - Parameter wholeEvery: at each so many commits the whole state is checked; a state after a loss always is.
    init(
        in group: ClientGroup, _ address: SocketAddress, _ transport: ClientTransport, channel: String, seed: UInt64,
        _ promise: Promise, wholeEvery: UInt64
    ) {
        self.channel = channel
        self.promise = promise
        self.wholeEvery = max(1, wholeEvery)
        loop = group.loop
        place = .away(since: group.loop.nowNanoseconds, isGranted: false, hasState: false, needsNewLineage: false)
        var settings = ClientSettings(transport: transport)
        settings.undecided = .report
        shell = ClientShell(in: group, to: address, settings: settings, seed: seed)
        shell.delegate = self
        work.clients = 1
    }

    var isReady: Bool { if case .here = place { true } else { false } }
    var openCount: Int { serials.count }

    /// Reads its channel and writes to it. Answers why not.
    func start() -> String? {
        shell.start()
        do throws(ClientError) {
            try shell.read(channel)
            try shell.write(channel)
            return nil
        } catch {
            return error.description
        }
    }

    /// Sends its next input.
    func send(padding: Int) {
        let input = RigInput(serial: lastSerial + 1)
        switch shell.send(input.bytes(padding: padding), to: channel) {
        case .queued(let ticket):
            lastSerial = input.serial
            serials[ticket] = input.serial
            work.sent += 1
        case .refused: work.notTaken += 1
        }
    }

    /// The back of its channel was killed at this time: what it holds is over.
    func backLost(at now: UInt64) {
        place = .away(since: now, isGranted: false, hasState: false, needsNewLineage: true)
    }

    /// What there is to say of it now.
    func report() -> Work {
        var work = work
        work.ready = isReady ? 1 : 0
        work.open = UInt64(serials.count)
        let counters = shell.core.counters
        work.connections = counters.connections
        work.gaps = counters.gaps
        work.disagreements = counters.disagreements
        work.breaches.note(.disagreement, channel, count: Int(clamping: counters.disagreements))
        if !promise.mayLoseConnections, counters.connections > 1 {
            work.breaches.note(.cut, "a client of \(channel)", count: Int(clamping: counters.connections - 1))
        }
        return work
    }

    /// The last look: every input has its outcome, and the account says the same.
    func settle() {
        work.breaches.note(.open, "a client of \(channel): \(serials.count)", count: serials.count)
        guard !promise.mayLoseBacks, serials.isEmpty else { return }
        lookAgain(for: lastSerial)
        guard let account = check.account else {
            work.breaches.note(.lost, "\(channel): no account", count: Int(clamping: work.sent))
            return
        }
        let told = "\(channel): \(work.acked) acked and \(work.refused) refused of \(lastSerial), and \(account)"
        work.breaches.note(.lost, told, count: max(0, Int(clamping: work.acked) - Int(account.applied)))
        work.breaches.note(.lost, told, count: max(0, Int(clamping: work.refused) - Int(account.refused)))
        if lastSerial > 0, account.first != 1 || account.highest != Int64(bitPattern: lastSerial) {
            work.breaches.note(.lost, told)
        }
    }

    // MARK: What the client tells

    package func client(_ client: ClientShell, told event: ClientEvent) {
        note(event)
        switch event {
        case .status(.waiting): lost()
        case .status(.stopped(let code, let reason)):
            // 1000 is our own goodbye.
            if code != .done { work.breaches.note(.thrownOut, "\(channel): \(code) \(reason)") }
        case .unlinked(_, let farewell, let isFinal):
            lost()
            if isFinal { work.breaches.note(.thrownOut, "\(channel): \(farewell.code) \(farewell.reason)") }
        case .granted: granted()
        case .committed: committed()
        case .settled(_, let ticket, let outcome): settled(ticket, outcome)
        case .status(.connecting), .status(.connected), .welcomed, .attached, .gap, .message: break
        }
    }

    private func lost() {
        guard case .here = place else { return }
        place = .away(since: loop.nowNanoseconds, isGranted: false, hasState: false, needsNewLineage: false)
    }

    private func granted() {
        guard case .away(let since, _, let hasState, let needsNew) = place else { return }
        place = .away(since: since, isGranted: true, hasState: hasState, needsNewLineage: needsNew)
        comeBack()
    }

    private func committed() {
        guard let room = shell.core.room(channel) else { return }
        work.commits += 1
        let isWhole = !isReady || work.commits.isMultiple(of: wholeEvery)
        if isWhole { work.statesChecked += 1 }
        // Accounts only count up, so what is not looked at now is seen at the next look.
        guard isWhole || work.commits.isMultiple(of: max(1, wholeEvery / 4)) else { return }
        let finding = check.look(at: room, isWhole: isWhole, &work.breaches)
        guard case .away(let since, let isGranted, _, let needsNew) = place else { return }
        let isNew = finding.isNewLineage || !needsNew
        place = .away(since: since, isGranted: isGranted, hasState: isNew, needsNewLineage: !isNew)
        comeBack()
    }

    /// An ack of what was not seen yet: perhaps because nobody looked.
    private func lookAgain(for serial: UInt64) {
        guard UInt64(bitPattern: check.account?.highest ?? 0) < serial,
            let room = shell.core.room(channel), room.lineage != nil
        else { return }
        _ = check.look(at: room, isWhole: false, &work.breaches)
    }

    private func comeBack() {
        guard case .away(let since, true, true, _) = place else { return }
        place = .here
        // The first time is an arrival.
        if !isFirstTime, Double(loop.nowNanoseconds - since) / 1e6 > work.resumes.max() ?? 0 {
            work.slowestResume = story
        }
        story = []
        if !isFirstTime { work.resumes.append(Double(loop.nowNanoseconds - since) / 1e6) }
        isFirstTime = false
    }

    private func note(_ event: ClientEvent) {
        let told: String
        switch event {
        case .committed, .settled, .message: return
        case .status(.waiting(let until, let code, let reason)):
            let wait = Int64(bitPattern: until.nanoseconds &- loop.nowNanoseconds) / 1_000_000
            told = "waits \(wait) ms: \(code) \(reason)"
        case .status(let status): told = "\(status)"
        case .unlinked(_, let farewell, _): told = "unlinked: \(farewell.code) \(farewell.reason)"
        case .welcomed(_, let isResumed): told = "welcomed, \(isResumed ? "resumed" : "new")"
        case .attached: told = "attached"
        case .granted(_, _, let isNew): told = "granted, \(isNew ? "new" : "the same")"
        case .gap: told = "a gap"
        }
        let since: UInt64 = if case .away(let since, _, _, _) = place { since } else { loop.nowNanoseconds }
        guard story.count < Self.storyLimit else { return }
        story.append("\((loop.nowNanoseconds - since) / 1_000_000) ms: \(told)")
    }

    /// Why it does not play, if it does not.
    var excuse: String? { isReady ? nil : story.joined(separator: "; ") }

    private func settled(_ ticket: InputTicket, _ outcome: InputOutcome) {
        guard let serial = serials.removeValue(forKey: ticket) else { return }
        switch outcome {
        case .acked(let tick):
            work.acked += 1
            lookAgain(for: serial)
            // A tick that is known is one whose mark came before the ack.
            let seen = UInt64(bitPattern: check.account?.highest ?? 0)
            let first = UInt64(bitPattern: check.account?.first ?? 0)
            // Where backs are lost, one from before this lineage may have acked it.
            let isOfThisLineage = !promise.mayLoseBacks || (first > 0 && first <= serial)
            if tick > 0, seen < serial, isOfThisLineage {
                work.breaches.note(.early, "\(channel): \(serial) acked, \(seen) seen")
            }
        case .refused(let reason):
            work.refused += 1
            if !RigInput(serial: serial).isRefused { work.breaches.note(.refusedForNothing, "\(channel): \(reason)") }
        case .undecided:
            work.undecided += 1
            if !promise.mayLoseBacks { work.breaches.note(.undecided, "\(channel): \(serial)") }
        }
    }
}
