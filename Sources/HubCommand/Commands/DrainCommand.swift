import Core
import Hub

/// `hub drain FRONT`: has a front's clients moved to the others, and says how far it is.
enum DrainCommand {
    static func run(_ arguments: ParsedArguments) -> Int32 {
        guard let name = arguments.operand else { return 2 }
        let said = arguments.last("deadline") ?? "30s"
        guard let deadline = TimeText.duration(said), deadline <= .seconds(86_400) else {
            Console.complain("hub: --deadline: '\(said)' is not a time of at most a day; write 30s, 500ms or 2m")
            return 2
        }
        do throws(HubFailure) {
            var hub = try HubDialogue(stateFolder: arguments.last("state") ?? ".switchback")
            let then: DrainOrder.Then = arguments.has("restart") ? .restart : .leave
            var left = try hub.give(.drain(name, within: deadline, then: then)).sessions
            Console.say("\(name): \(Console.count(left, "client")) to move within \(said)")
            let end = try hub.follow(name, within: deadline + .seconds(30)) { process in
                if process.state == "draining", process.sessions != left {
                    left = process.sessions
                    Console.say("\(name): \(left) left")
                }
                return process.drained != nil && (then == .leave || process.state == "running")
            }
            return report(name, end, then)
        } catch {
            Console.complain("hub: \(error)")
            return error.exitCode
        }
    }

    private static func report(_ name: String, _ process: HubStatus.Process, _ then: DrainOrder.Then) -> Int32 {
        guard let drained = process.drained else { return 1 }
        let next =
            then == .restart
            ? "it runs again as process \(process.pid)" : "it has ended; 'hub start \(name)' brings it back"
        Console.say("\(name): \(Console.count(drained.moved, "client")) moved, \(drained.cutOff) cut off; \(next)")
        if !drained.isComplete {
            Console.complain("hub: \(name) did not end by itself: \(process.reason ?? "unknown")")
        }
        return drained.isComplete && drained.cutOff == 0 ? 0 : 1
    }
}

/// `hub start FRONT`: starts what was drained.
enum StartCommand {
    static func run(_ arguments: ParsedArguments) -> Int32 {
        guard let name = arguments.operand else { return 2 }
        do throws(HubFailure) {
            var hub = try HubDialogue(stateFolder: arguments.last("state") ?? ".switchback")
            _ = try hub.give(.start(name))
            let process = try hub.follow(name, within: .seconds(30)) { $0.state == "running" }
            Console.say("\(name): runs as process \(process.pid)")
            return 0
        } catch {
            Console.complain("hub: \(error)")
            return error.exitCode
        }
    }
}
