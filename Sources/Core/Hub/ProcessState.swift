/// What one supervised process is doing.
///
/// ```
/// restarting → spawning → starting → running → restarting | failed
/// awaited (of an earlier hub) → running | stopping
/// starting, running, awaited → stopping → restarting | stopped
/// failed → spawning; spawning → failed
/// running → stopping (draining) → restarting | stopped; stopped → restarting, when an operator says so
/// ```
/// A process that exists has a `Life`; a new one is only made from a state without.
package enum ProcessState: Sendable, Equatable {
    /// It lives since an earlier hub and has not announced itself to this one.
    case awaited(Life, until: Instant)
    /// The shell was told to start it.
    case spawning(Epoch?)
    /// It was started and has not announced itself.
    case starting(Life, until: Instant)
    /// It announced itself. The connection is nil while it is lost.
    case running(Life, HubConnectionID?)
    /// It was told to finish; at `until` it is told more firmly.
    case stopping(Life, HubConnectionID?, StopStep, until: Instant)
    case restarting(at: Instant)
    /// It cannot be started or keeps dying. Tried again all the same.
    case failed(reason: String, retryAt: Instant)
    case stopped

    /// One process, from its start to its end.
    package struct Life: Sendable, Equatable {
        /// The leader of its process group, which is what we started.
        package var pid: Int32
        package var startTime: UInt64
        package var epoch: Epoch?
        /// When this hub started or took over the process.
        package var since: Instant
        /// What it calls itself; differs from `pid` behind a wrapper script.
        package var announcedPid: Int32?
    }

    package enum StopStep: Sendable, Equatable {
        /// Moves its clients elsewhere and then ends by itself.
        case draining
        case asked, terminated, killed
    }

    /// The word that the status shows.
    package var word: String {
        switch self {
        case .awaited, .spawning, .starting: "starting"
        case .running: "running"
        case .stopping(_, _, .draining, _): "draining"
        case .stopping: "stopping"
        case .restarting: "restarting"
        case .failed: "failed"
        case .stopped: "stopped"
        }
    }

    package var life: Life? {
        switch self {
        case .awaited(let life, _), .starting(let life, _), .running(let life, _), .stopping(let life, _, _, _): life
        case .spawning, .restarting, .failed, .stopped: nil
        }
    }

    package var connection: HubConnectionID? {
        switch self {
        case .running(_, let connection), .stopping(_, let connection, _, _): connection
        case .awaited, .spawning, .starting, .restarting, .failed, .stopped: nil
        }
    }

    package var deadline: Instant? {
        switch self {
        case .awaited(_, let until), .starting(_, let until), .stopping(_, _, _, let until): until
        case .restarting(let at), .failed(_, let at): at
        case .spawning, .running, .stopped: nil
        }
    }
}
