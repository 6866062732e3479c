/// One connection to the hub's UNIX socket, numbered by the shell, never used again.
package struct HubConnectionID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package var description: String { "#\(rawValue)" }
}

/// What the hub's shell has to do next.
package enum HubDirective: Sendable, Equatable {
    /// Start it, then say `spawned` or `spawnFailed`. An epoch is synced to the ledger's file first.
    case spawn(ProcessSpec, epoch: Epoch?)
    /// Send the signal to the process group of `pid`.
    case signal(name: String, pid: Int32, ProcessSignal)
    /// Ask the process to finish (frame `66`).
    case sendStop(HubConnectionID, grace: Duration)
    /// Ask the front to move its clients elsewhere and end (frame `68`).
    case sendDrain(HubConnectionID, deadline: Duration)
    /// Hand duplicates of the public listeners to this front (frame `62`).
    case sendListeners(HubConnectionID)
    /// Send the directory to these fronts (frame `61`).
    case sendDirectory(DirectoryMessage, to: [HubConnectionID])
    /// Say goodbye with this reason, then close.
    case refuse(HubConnectionID, Farewell)
    /// Write the process table for the next hub.
    case saveProcesses([ProcessRecord])
    /// For the log.
    case notice(HubNotice)
    /// Every process runs for the first time.
    case ready(frontCount: Int, backCount: Int)
    /// Every process is gone after `stop` or `kill`: exit.
    case finished
}

package enum ProcessSignal: Sendable, Equatable {
    case terminate, kill
}

/// What an operator wants to read about a process.
package enum HubNotice: Sendable, Equatable {
    case started(name: String, pid: Int32, epoch: Epoch?)
    case announced(name: String, pid: Int32, address: String?)
    case adopted(name: String, pid: Int32)
    case exited(name: String, pid: Int32, ProcessExit)
    /// It ended because it was told to.
    case stopped(name: String, pid: Int32, ProcessExit)
    case restarting(name: String, wait: Duration)
    case crashLoop(name: String, deaths: Int, reason: String)
    case spawnFailed(name: String, reason: String)
    case overdue(name: String, pid: Int32, what: String)
    case stopping(name: String, pid: Int32)
    case draining(name: String, pid: Int32, deadline: Duration)
    case drained(name: String, moved: Int, cutOff: Int)
    case refused(name: String, Farewell)
    /// A channel was placed at a back that does not serve it.
    case misplaced(name: String, channel: ChannelID)
}
