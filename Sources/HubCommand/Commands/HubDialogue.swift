import Core
import Hub
import Loop

/// A command's conversation with the running hub: one order after the other, each with its answer.
struct HubDialogue {
    private let loop: EventLoop
    private let caller: HubCaller
    private var lastNumber: UInt64 = 0

    /// How long the hub may take to answer.
    private static let patienceMilliseconds: UInt64 = 5000

    /// - Parameter stateFolder: of the hub.
    init(stateFolder: String) throws(HubFailure) {
        do throws(LoopError) { loop = try EventLoop() } catch { throw HubFailure("no event loop: \(error)") }
        caller = try HubCaller(stateFolder: stateFolder, role: .tool, on: loop)
    }

    /// Gives an order. Answers the process that it is about.
    ///
    /// - Throws: `HubFailure` with the hub's own reason, or that there is no hub.
    mutating func give(_ order: HubOrder) throws(HubFailure) -> HubStatus.Process {
        lastNumber += 1
        let query = Query(number: lastNumber, path: order.path)
        caller.send(.query) { query.encode(into: &$0) }
        var answer: Answer?
        let caller = caller
        try turn(Self.patienceMilliseconds) {
            answer = answer ?? caller.takeAnswer()
            return answer != nil || caller.end != nil
        }
        guard let answer else { throw HubFailure("the hub does not answer: \(caller.end ?? "nothing for 5 s")") }
        let words = String(decoding: answer.body, as: UTF8.self)
        guard answer.status == 200, let process = JSON.decode(HubStatus.Process.self, answer.body) else {
            throw HubFailure(words)
        }
        return process
    }

    /// Asks for the process every 200 ms until it is as wished.
    ///
    /// - Throws: `HubFailure` when the hub is gone, or the time is over.
    mutating func follow(
        _ name: String, within time: Duration, until isReached: (HubStatus.Process) -> Bool
    ) throws(HubFailure) -> HubStatus.Process {
        let end = Instant(nanoseconds: loop.nowNanoseconds) + time
        while true {
            let process = try give(.show(name))
            if isReached(process) { return process }
            guard Instant(nanoseconds: loop.nowNanoseconds) < end else {
                throw HubFailure("\(name) is \(process.state) after \(time)")
            }
            let caller = caller
            try turn(200) { caller.end != nil }
        }
    }

    private func turn(_ milliseconds: UInt64, until condition: () -> Bool) throws(HubFailure) {
        do throws(LoopError) {
            _ = try loop.runTurns(until: condition, withinMilliseconds: milliseconds)
        } catch {
            throw HubFailure("no timer: \(error)")
        }
    }
}
