/// What a front counts. Every refusal and every drop is here, by reason, so that an operator sees it.
package struct FrontCounters: Sendable {
    package var connectionsAccepted: UInt64 = 0
    /// Connections that were not taken, by why.
    package var refused: [ConnectionRefusal: UInt64] = [:]
    package var httpRequests: UInt64 = 0
    package var httpBodyBytes: UInt64 = 0
    package var sessionsOpened: UInt64 = 0
    package var sessionsResumed: UInt64 = 0
    package var tokensRefused: UInt64 = 0
    package var inputs: UInt64 = 0
    package var inputBytes: UInt64 = 0
    package var inputsOfOtherGrant: UInt64 = 0
    package var batches: UInt64 = 0
    package var patches: UInt64 = 0
    package var patchBytes: UInt64 = 0
    /// What backs sent, all of it, and of that the patches from nothing: whole states.
    package var trunkBytes: UInt64 = 0
    package var stateBytes: UInt64 = 0
    package var deliveries: UInt64 = 0
    package var deliveredBytes: UInt64 = 0
    package var writes: UInt64 = 0
    package var squashes: UInt64 = 0
    /// Turns of the loop that did a part of a squash.
    package var squashSlices: UInt64 = 0
    package var snapshots: UInt64 = 0
    /// Pieces of large sections that were made: one for all its readers.
    package var piecesMade: UInt64 = 0
    /// Messages that left for a back, and those that went from one channel to another.
    package var messages: UInt64 = 0
    package var messagesRelayed: UInt64 = 0
    package var messagesDropped: UInt64 = 0
    package var creditStalls: UInt64 = 0
    /// Clients that are not read because the trunk to their back holds as much as it may.
    package var trunkStalls: UInt64 = 0
    package var gaps: UInt64 = 0
    package var audiencesDropped: UInt64 = 0
    /// Clients that held another state hash than the one they were told.
    package var disagreements: UInt64 = 0
    package var trunksLost: UInt64 = 0
    /// Channels that clients were told they do not read, or read no more, by why.
    package var readsEnded: [CloseCode: UInt64] = [:]
    /// Write grants that their channel did not confirm revoked in time.
    package var revocationsTimedOut: UInt64 = 0
    package var staleEpochs: UInt64 = 0
    /// Connections that ended by our decision, by why.
    package var closed: [CloseCode: UInt64] = [:]
    /// Clients that ended the conversation for another reason than being done.
    package var clientByes: [CloseCode: UInt64] = [:]
    /// HTTP requests that were refused, by status.
    package var httpRefused: [Int: UInt64] = [:]

    /// HTTP requests that were answered, by status.
    package var httpAnswered: [Int: UInt64] = [:]

    package init() {}

    /// Each figure by its metric's name.
    package var named: [(String, UInt64)] {
        [
            ("connections_accepted_total", connectionsAccepted),
            ("http_requests_total", httpRequests),
            ("http_body_bytes_total", httpBodyBytes),
            ("sessions_opened_total", sessionsOpened),
            ("sessions_resumed_total", sessionsResumed),
            ("tokens_refused_total", tokensRefused),
            ("inputs_total", inputs),
            ("input_bytes_total", inputBytes),
            ("inputs_of_other_grant_total", inputsOfOtherGrant),
            ("batches_total", batches),
            ("patches_total", patches),
            ("patch_bytes_total", patchBytes),
            ("trunk_bytes_total", trunkBytes),
            ("state_bytes_total", stateBytes),
            ("deliveries_total", deliveries),
            ("delivered_bytes_total", deliveredBytes),
            ("writes_total", writes),
            ("squashes_total", squashes),
            ("squash_slices_total", squashSlices),
            ("snapshots_total", snapshots),
            ("pieces_made_total", piecesMade),
            ("messages_total", messages),
            ("messages_relayed_total", messagesRelayed),
            ("messages_dropped_total", messagesDropped),
            ("credit_stalls_total", creditStalls),
            ("trunk_stalls_total", trunkStalls),
            ("gaps_total", gaps),
            ("audiences_dropped_total", audiencesDropped),
            ("hash_disagreements_total", disagreements),
            ("trunks_lost_total", trunksLost),
            ("stale_epochs_total", staleEpochs),
            ("revocations_timed_out_total", revocationsTimedOut),
        ]
            + readsEnded.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ("reads_ended_total{reason=\"\($0.key.name)\"}", $0.value)
            }
            + ConnectionRefusal.allCases.map {
                ("connections_refused_total{reason=\"\($0.rawValue)\"}", refused[$0, default: 0])
            }
            + closed.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ("connections_closed_total{reason=\"\($0.key.name)\"}", $0.value)
            }
            + clientByes.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ("client_byes_total{reason=\"\($0.key.name)\"}", $0.value)
            }
            + httpAnswered.sorted { $0.key < $1.key }.map { ("http_answered_total{status=\"\($0.key)\"}", $0.value) }
            + httpRefused.sorted { $0.key < $1.key }.map { ("http_refused_total{status=\"\($0.key)\"}", $0.value) }
    }
}
