import Core
import Loop

/// What `hub run` was asked for, before it is checked.
package struct HubOptions: Sendable, Equatable {
    /// Where clients connect; `HubPlan` reads them.
    package var listen: [String] = []
    package var frontCount = 1
    /// nil: the standard front, which is this executable with the argument `front`.
    package var front: ProcessCommand?
    /// One command line a back.
    package var backs: [String] = []
    /// Channels that have an owner by the operator's word.
    package var placement = ChannelPlacement()
    /// `PREFIX=FOLDER`, for the fronts.
    package var files: [String] = []
    /// Origins whose pages may connect, for the fronts.
    package var allowedOrigins: [String] = []
    /// The longest WebSocket message that a client may send, for the fronts; nil: theirs.
    package var messageLimit: Int?
    /// How long clients may be silent before they are asked, and take nothing before they are closed, in seconds, for the fronts;
    /// nil: theirs.
    package var pingPeriod: Int?
    package var slowClient: Int?
    /// Nodes elsewhere that may ask the fronts for jobs over HTTP; without any there is no such path.
    package var nodes: [String] = []
    /// How many page jobs may wait or run; nil: as `JobLimits` says.
    package var jobLimit: Int?
    /// Kinds of page jobs, as `JobDeclaration` spells them.
    package var jobs: [String] = []
    /// Command lines of workers for page jobs.
    package var workers: [String] = []
    package var runtimeFolder: String?
    package var stateFolder: String?
    package var logLevel = Log.Level.info

    package init() {}
}
