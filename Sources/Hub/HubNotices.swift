import Core
import Loop

/// Turns what the core wants operators to read into log lines.
enum HubNotices {
    static func write(_ notice: HubNotice, to log: Log) {
        switch notice {
        case .started(let name, let pid, let epoch):
            log.info("process started", ["name": name, "pid": "\(pid)", "epoch": epoch.map { "\($0)" } ?? "none"])
        case .announced(let name, let pid, let address):
            log.info("process ready", ["name": name, "pid": "\(pid)", "address": address ?? "none"])
        case .adopted(let name, let pid):
            log.info("process taken over from an earlier hub", ["name": name, "pid": "\(pid)"])
        case .exited(let name, let pid, let exit):
            log.warning("process ended", ["name": name, "pid": "\(pid)", "exit": "\(exit)"])
        case .stopped(let name, let pid, let exit):
            log.info("process stopped", ["name": name, "pid": "\(pid)", "exit": "\(exit)"])
        case .restarting(let name, let wait):
            log.info("process will be restarted", ["name": name, "wait": "\(Int(wait / .milliseconds(1))) ms"])
        case .crashLoop(let name, let deaths, let reason):
            log.error("process keeps dying", ["name": name, "deaths": "\(deaths)", "last": reason])
        case .spawnFailed(let name, let reason):
            log.error("process could not be started", ["name": name, "reason": reason])
        case .overdue(let name, let pid, let what):
            log.warning("process is overdue", ["name": name, "pid": "\(pid)", "what": what])
        case .stopping(let name, let pid):
            log.info("process is being stopped", ["name": name, "pid": "\(pid)"])
        case .draining(let name, let pid, let deadline):
            log.info("front is being drained", ["name": name, "pid": "\(pid)", "deadline": "\(deadline)"])
        case .drained(let name, let moved, let cutOff):
            log.info("front is drained", ["name": name, "moved": "\(moved)", "cut_off": "\(cutOff)"])
        case .misplaced(let name, let channel):
            log.error("a channel is placed at a back that does not serve it", ["name": name, "channel": channel.text])
        case .refused(let name, let farewell):
            log.warning(
                "process refused", ["name": name, "code": "\(farewell.code.rawValue)", "reason": farewell.reason])
        }
    }
}
