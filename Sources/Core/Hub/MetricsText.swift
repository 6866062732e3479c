/// The figures of many processes as one Prometheus text page: each family once, each sample labelled with its process.
package enum MetricsText {
    /// What names mean; a name that is not here gets its own words as help.
    package static let help: [String: String] = [
        "connections": "Connections of clients that are open now.",
        "client_waiting_bytes": "Bytes that wait in a front for clients that do not take them now.",
        "sessions": "Sessions that a front serves now, or a back knows, detached ones included.",
        "front_links": "Channels that a front is linked to now.",
        "back_links": "Front channels that are linked to a back's channels now.",
        "back_sessions": "Sessions that a back's channels know, detached ones included.",
        "channels": "Channels that a back holds now.",
        "trunks": "Trunks to a back that are open now.",
        "outbox_jobs": "Jobs of channels that the hub has not answered, and asks that have not ended.",
        "inbox_bytes": "Bytes of inputs that wait for the next tick.",
        "ticks_total": "Ticks that ran.",
        "tick_duration_seconds": "How long ticks took.",
        "tick_lateness_seconds": "How long after their slot ticks began.",
        "overruns_total": "Slots that were skipped because a tick took too long.",
        "inputs_total": "Inputs that clients sent and a front passed on.",
        "input_bytes_total": "Their bytes.",
        "inputs_applied_total": "Inputs that ticks applied.",
        "inputs_refused_total": "Inputs that an application refused with a reason.",
        "inputs_repeated_total": "Inputs that came again and were only acked again.",
        "inputs_out_of_order_total": "Inputs that came ahead of their turn and were not taken.",
        "inputs_without_grant_total": "Inputs of sessions that may not write; dropped.",
        "inputs_without_member_total": "Inputs of sessions that are served elsewhere now; dropped.",
        "inputs_of_other_grant_total": "Inputs that named an old write grant; dropped.",
        "inputs_carried_over_total": "Inputs above a session's share of one tick; applied in a later one.",
        "batches_total": "Batches of inputs that a front sent.",
        "patches_total": "Patches that a back closed, or a front took in.",
        "trunk_bytes_total": "Bytes that backs sent to a front, all of them.",
        "state_bytes_total": "Bytes of whole states that backs sent to a front.",
        "accept_full_turns_total": "Turns that accepted as many clients as one turn may.",
        "sockets_closing": "Sockets of ended connections that are closed in the loop's next turns.",
        "loop_turn_seconds": "How long turns of a process's loop took; nobody else is answered meanwhile.",
        "loop_turn_longest_seconds": "The longest turn since the process began.",
        "patch_bytes_total": "Bytes of patches, each counted once.",
        "squashes_total": "Times that several patches were made one for a receiver that was behind.",
        "snapshots_total": "Whole states that were sent.",
        "deliveries_total": "Patches handed to clients.",
        "delivered_bytes_total": "Bytes of state handed to clients.",
        "writes_total": "Fan-out writes: one gathered write to one client.",
        "outbox_jobs_total": "Jobs that rules submitted or asked for.",
        "outbox_jobs_merged_total": "Jobs that took the place of an older one that was not answered yet.",
        "outbox_jobs_refused_total": "Jobs that no outbox took: full, too long, or no hub.",
        "outbox_jobs_rejected_total": "Jobs of rules that the hub will never take.",
        "messages_dropped_total": "Messages to sessions that were away or behind; dropped.",
        "credit_stalls_total": "Times that a client was not read because its back took no more.",
        "reads_ended_total": "Channels that clients were told they do not read, or read no more, by reason.",
        "revocations_timed_out_total": "Write grants that their channel did not confirm revoked within 5 s.",
        "sessions_refused_total": "Sessions that found their channel full.",
        "trunk_stalls_total": "Times that a client was not read because the trunk to its back was full.",
        "gaps_total": "Patches that did not join on to what a front held; the link was made anew.",
        "attaches_superseded_total": "Attaches that lost to a newer one of the same session.",
        "requests_refused_total": "Sessions and links that an application did not let in.",
        "tokens_refused_total": "Session tokens that were forged or had expired.",
        "connections_refused_total": "Connections that were closed at once because a limit was reached.",
        "connections_closed_total": "Connections that this side ended, by reason.",
        "client_byes_total": "Connections that clients ended for another reason than being done, by reason.",
        "hub_connections_refused_total": "Connections to the hub's socket that the hub ended, by reason.",
        "trunks_refused_total": "Trunks that a back ended, by reason.",
        "trunks_lost_total": "Trunks that a front lost.",
        "stale_epochs_total": "Backs of an epoch that is over; refused.",
        "http_refused_total": "HTTP requests that were refused, by status.",
        "process_up": "1 while the process is known to the hub and announced.",
        "process_restarts_total": "How often the hub restarted the process.",
        "process_crash_loops_total": "How often the process fell into a crash loop.",
        "jobs_waiting": "Page jobs that wait, by class.",
        "jobs_running": "Page jobs that a worker has.",
        "jobs_absorbed": "Page jobs that broader ones took in and that end with them.",
        "jobs_dead_letters": "Page jobs that failed as often as they may.",
        "jobs_workers": "Workers whose line is open.",
        "jobs_slots": "Jobs that they can have at once.",
        "jobs_queued_total": "Requests that got an entry of their own.",
        "jobs_merged_total": "Requests that an entry which waited will do.",
        "jobs_absorbed_total": "Entries that a broader one took in.",
        "jobs_came_back_total": "Entries that wait again because the one that took them in died.",
        "jobs_merged_upward_total": "Requests at the cap for which a broader entry was made.",
        "jobs_leased_total": "Runs that were given out.",
        "jobs_done_total": "Runs that succeeded.",
        "jobs_retried_total": "Runs that failed and were tried again.",
        "jobs_timed_out_total": "Runs that took longer than their kind may take.",
        "jobs_leases_expired_total": "Runs whose worker was silent for too long.",
        "jobs_late_results_total": "Results of runs that were not current; not taken.",
        "jobs_dead_total": "Jobs that became dead letters.",
        "jobs_dead_letters_forgotten_total": "Dead letters that went because there were too many.",
        "node_requests_total": "Requests for jobs that another node made over HTTP, by node.",
        "node_requests_too_fast_total": "Requests of another node beyond what it may ask in a second; not taken.",
        "node_callers_refused_total": "Requests for jobs over HTTP that no other node made; closed, by reason.",
        "jobs_dropped_total": "Entries that an operator took out.",
        "jobs_rejected_total": "Requests that were not taken, by reason.",
        "jobs_wait_seconds": "From a request to the start of its run.",
        "jobs_run_seconds": "How long runs took.",
        "hub_uptime_seconds": "How long this hub has been running.",
    ]

    /// A page over `reports`, in the order given. `note` becomes a comment line at its head.
    package static func page(_ reports: [(process: String, report: ProcessReport)], note: String? = nil) -> String {
        var families: [String: Family] = [:]
        for (process, report) in reports {
            let label = "process=\"\(escape(process))\""
            for (key, value) in sorted(report.gauges) { add(key, .gauge, label, .number(value), to: &families) }
            for (key, value) in sorted(report.counters) { add(key, .counter, label, .number(value), to: &families) }
            for (key, value) in sorted(report.histograms) {
                add(key, .histogram, label, .histogram(value), to: &families)
            }
        }
        var text = note.map { "# \($0)\n" } ?? ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { family.write(name, into: &text) }
        return text
    }

    /// A label's value as the format wants it between quotes.
    package static func escape(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    private enum Kind: String { case gauge, counter, histogram }

    private enum Value {
        case number(Double)
        case histogram(ProcessReport.Histogram)
    }

    private struct Family {
        var kind: Kind
        var samples: [(labels: String, value: Value)] = []

        func write(_ name: String, into text: inout String) {
            let full = "switchback_\(name)"
            let help = MetricsText.help[name] ?? "\(name.split(separator: "_").joined(separator: " "))."
            text += "# HELP \(full) \(help)\n# TYPE \(full) \(kind.rawValue)\n"
            for (labels, value) in samples {
                switch value {
                case .number(let number): text += "\(full){\(labels)} \(format(number))\n"
                case .histogram(let histogram): MetricsText.write(histogram, full, labels, into: &text)
                }
            }
        }
    }

    private static func write(
        _ histogram: ProcessReport.Histogram, _ name: String, _ labels: String, into text: inout String
    ) {
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            total &+= count
            text += "\(name)_bucket{\(labels),le=\"\(format(bound))\"} \(total)\n"
        }
        for count in histogram.counts.dropFirst(histogram.bounds.count) { total &+= count }
        text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(total)\n"
        text += "\(name)_sum{\(labels)} \(format(histogram.sum))\n\(name)_count{\(labels)} \(total)\n"
    }

    /// A name that is used with two kinds keeps the first; the other's samples would make the page invalid.
    private static func add(
        _ key: String, _ kind: Kind, _ process: String, _ value: Value, to families: inout [String: Family]
    ) {
        guard let (name, labels) = parts(of: key) else { return }
        let all = labels.isEmpty ? process : "\(process),\(labels)"
        guard families[name, default: Family(kind: kind)].kind == kind else { return }
        families[name, default: Family(kind: kind)].samples.append((all, value))
    }

    /// `name{a="b"}` as its name and what is between the braces; nil if the name is none.
    private static func parts(of key: String) -> (name: String, labels: String)? {
        let name = key.prefix { $0 != "{" }
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return nil }
        guard name.utf8.allSatisfy({ isWordByte($0) }) else { return nil }
        let rest = key.dropFirst(name.count)
        guard !rest.isEmpty else { return (String(name), "") }
        guard rest.hasSuffix("}"), !rest.contains("\n") else { return nil }
        return (String(name), String(rest.dropFirst().dropLast()))
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    private static func format(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    private static func sorted<V>(_ values: [String: V]?) -> [(key: String, value: V)] {
        (values ?? [:]).sorted { $0.key < $1.key }
    }
}
