/// What a back process counts. Every limit reached and every refusal is here, so that an operator sees it.
package struct BackCounters: Sendable {
    package var ticks: UInt64 = 0
    package var overruns: UInt64 = 0
    package var inputsApplied: UInt64 = 0
    package var inputsRefused: UInt64 = 0
    package var inputsRepeated: UInt64 = 0
    package var inputsOutOfOrder: UInt64 = 0
    package var inputsWithoutGrant: UInt64 = 0
    package var inputsWithoutMember: UInt64 = 0
    package var inputsCarriedOver: UInt64 = 0
    /// Patches that were encoded: one for each audience that a tick changed.
    package var patches: UInt64 = 0
    package var patchBytes: UInt64 = 0
    package var squashes: UInt64 = 0
    package var snapshots: UInt64 = 0
    /// Sections that were written to trunks: patches, squashes and snapshots.
    package var sections: UInt64 = 0
    package var audiencesRefused: UInt64 = 0
    package var audiencesDropped: UInt64 = 0
    /// Clients that held another state hash than the one they were told.
    package var disagreements: UInt64 = 0
    package var attaches: UInt64 = 0
    package var attachesSuperseded: UInt64 = 0
    package var requestsRefused: UInt64 = 0
    /// Sessions that found their channel full.
    package var sessionsRefused: UInt64 = 0
    package var sessionsExpired: UInt64 = 0
    package var linksRefused: UInt64 = 0
    package var messagesDropped: UInt64 = 0
    /// Jobs that rules submitted; those among them that took the place of an older one for the same work; those that no outbox
    /// took; and those that the hub will never take.
    package var jobsSubmitted: UInt64 = 0
    package var jobsMerged: UInt64 = 0
    package var jobsRefused: UInt64 = 0
    package var jobsRejected: UInt64 = 0
    package var trunksRefused: [CloseCode: UInt64] = [:]

    package init() {}

    /// Adds what another channel counted.
    mutating func add(_ other: BackCounters) {
        ticks += other.ticks
        overruns += other.overruns
        inputsApplied += other.inputsApplied
        inputsRefused += other.inputsRefused
        inputsRepeated += other.inputsRepeated
        inputsOutOfOrder += other.inputsOutOfOrder
        inputsWithoutGrant += other.inputsWithoutGrant
        inputsWithoutMember += other.inputsWithoutMember
        inputsCarriedOver += other.inputsCarriedOver
        patches += other.patches
        patchBytes += other.patchBytes
        squashes += other.squashes
        snapshots += other.snapshots
        sections += other.sections
        audiencesRefused += other.audiencesRefused
        audiencesDropped += other.audiencesDropped
        disagreements += other.disagreements
        attaches += other.attaches
        attachesSuperseded += other.attachesSuperseded
        requestsRefused += other.requestsRefused
        sessionsRefused += other.sessionsRefused
        sessionsExpired += other.sessionsExpired
        linksRefused += other.linksRefused
        messagesDropped += other.messagesDropped
        jobsSubmitted += other.jobsSubmitted
        jobsMerged += other.jobsMerged
        jobsRefused += other.jobsRefused
        jobsRejected += other.jobsRejected
        trunksRefused.merge(other.trunksRefused, uniquingKeysWith: +)
    }

    /// Each figure by its metric's name.
    package var named: [(String, UInt64)] {
        [
            ("ticks_total", ticks),
            ("overruns_total", overruns),
            ("inputs_applied_total", inputsApplied),
            ("inputs_refused_total", inputsRefused),
            ("inputs_repeated_total", inputsRepeated),
            ("inputs_out_of_order_total", inputsOutOfOrder),
            ("inputs_without_grant_total", inputsWithoutGrant),
            ("inputs_without_member_total", inputsWithoutMember),
            ("inputs_carried_over_total", inputsCarriedOver),
            ("patches_total", patches),
            ("patch_bytes_total", patchBytes),
            ("squashes_total", squashes),
            ("snapshots_total", snapshots),
            ("sections_total", sections),
            ("audiences_refused_total", audiencesRefused),
            ("audiences_dropped_total", audiencesDropped),
            ("hash_disagreements_total", disagreements),
            ("attaches_total", attaches),
            ("attaches_superseded_total", attachesSuperseded),
            ("requests_refused_total", requestsRefused),
            ("sessions_refused_total", sessionsRefused),
            ("sessions_expired_total", sessionsExpired),
            ("links_refused_total", linksRefused),
            ("messages_dropped_total", messagesDropped),
            ("outbox_jobs_total", jobsSubmitted),
            ("outbox_jobs_merged_total", jobsMerged),
            ("outbox_jobs_refused_total", jobsRefused),
            ("outbox_jobs_rejected_total", jobsRejected),
        ]
            + trunksRefused.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ("trunks_refused_total{reason=\"\($0.key.name)\"}", $0.value)
            }
    }
}
