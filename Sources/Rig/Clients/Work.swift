/// What the clients did and saw; that of several crowds adds up.
struct Work: Codable, Equatable, Sendable {
    var clients = 0
    /// Clients that may write and hold a state of now.
    var ready = 0
    var sent: UInt64 = 0
    var acked: UInt64 = 0
    var refused: UInt64 = 0
    var undecided: UInt64 = 0
    /// Inputs whose outcome has not come.
    var open: UInt64 = 0
    /// Inputs that were due and that the client's own queue did not take.
    var notTaken: UInt64 = 0
    var commits: UInt64 = 0
    /// Commits at which the whole state was compared with the back's digest.
    var statesChecked: UInt64 = 0
    var connections: UInt64 = 0
    /// Gaps that a client noticed and read again from nothing.
    var gaps: UInt64 = 0
    var disagreements: UInt64 = 0
    /// From a loss to the right to write and a state of now, in milliseconds.
    var resumes: [Double] = []
    /// What happened during the slowest of them, a line each.
    var slowestResume: [String] = []
    var breaches = Breaches()

    mutating func add(_ other: Work) {
        clients += other.clients
        ready += other.ready
        sent += other.sent
        acked += other.acked
        refused += other.refused
        undecided += other.undecided
        open += other.open
        notTaken += other.notTaken
        commits += other.commits
        statesChecked += other.statesChecked
        connections += other.connections
        gaps += other.gaps
        disagreements += other.disagreements
        if (other.resumes.max() ?? 0) > (resumes.max() ?? 0) { slowestResume = other.slowestResume }
        resumes += other.resumes
        breaches.add(other.breaches)
    }
}
