/// What a run did, so that a clean one can show that it was worth something.
package struct Tally: Sendable {
    package var seeds = 0
    package var simulatedSeconds = 0.0
    package var events: UInt64 = 0
    package var faults: [FaultKind: Int] = [:]
    package var inputsApplied = 0
    package var inputsRefusedByRule = 0
    package var inputsAcked = 0
    package var inputsRefused = 0
    package var inputsUndecided = 0
    package var inputsNotTaken = 0
    package var inputsSent = 0
    package var commitsCompared = 0
    /// Audiences beside everyone that a client held at a commit.
    package var viewsCompared = 0
    /// Patches after which a client of the text form was compared.
    package var textsCompared = 0
    package var messages = 0
    /// Messages that channels heard of clients and of one another, and fronts of channels.
    package var messagesSaid = 0
    package var messagesPassed = 0
    package var messagesToFronts = 0
    package var connectionsTried = 0
    package var connections = 0
    package var versions = 0
    /// Connections of those who send what they should not.
    package var hostileConnections = 0

    package init() {}

    package mutating func add(_ other: Tally) {
        seeds += other.seeds
        simulatedSeconds += other.simulatedSeconds
        events += other.events
        faults.merge(other.faults, uniquingKeysWith: +)
        inputsApplied += other.inputsApplied
        inputsRefusedByRule += other.inputsRefusedByRule
        inputsAcked += other.inputsAcked
        inputsRefused += other.inputsRefused
        inputsUndecided += other.inputsUndecided
        inputsNotTaken += other.inputsNotTaken
        inputsSent += other.inputsSent
        commitsCompared += other.commitsCompared
        viewsCompared += other.viewsCompared
        textsCompared += other.textsCompared
        messages += other.messages
        messagesSaid += other.messagesSaid
        messagesPassed += other.messagesPassed
        messagesToFronts += other.messagesToFronts
        connectionsTried += other.connectionsTried
        connections += other.connections
        versions += other.versions
        hostileConnections += other.hostileConnections
    }
}
