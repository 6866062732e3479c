extension JobQueue {
    /// The queue's figures for `/metrics`, under the names of docs/OPERATIONS.md.
    package var figures: ProcessReport {
        let depths = depths
        var report = ProcessReport(gauges: [
            "jobs_running": Double(depths.running), "jobs_absorbed": Double(depths.absorbed),
            "jobs_dead_letters": Double(depths.dead), "jobs_workers": Double(depths.workers),
            "jobs_slots": Double(depths.slots),
        ])
        for chosen in DeadlineClass.allCases {
            report.gauges?["jobs_waiting{class=\"\(chosen)\"}"] = Double(depths.waiting[chosen.rawValue])
        }
        report.counters = [
            "jobs_queued_total": Double(counters.queued), "jobs_merged_total": Double(counters.merged),
            "jobs_absorbed_total": Double(counters.absorbed), "jobs_came_back_total": Double(counters.cameBack),
            "jobs_merged_upward_total": Double(counters.mergedUpward), "jobs_leased_total": Double(counters.leased),
            "jobs_done_total": Double(counters.done), "jobs_retried_total": Double(counters.retried),
            "jobs_timed_out_total": Double(counters.timedOut),
            "jobs_leases_expired_total": Double(counters.leasesExpired),
            "jobs_late_results_total": Double(counters.lateResults), "jobs_dead_total": Double(counters.dead),
            "jobs_dropped_total": Double(counters.dropped),
            "jobs_dead_letters_forgotten_total": Double(counters.deadLettersForgotten),
        ]
        for reason in JobRejection.allCases {
            report.counters?["jobs_rejected_total{reason=\"\(reason)\"}"] = Double(
                counters.rejected[Int(reason.rawValue) - 1])
        }
        report.histograms = ["jobs_wait_seconds": counters.wait.report, "jobs_run_seconds": counters.run.report]
        return report
    }
}

/// The queue in `/status.json` and `hub status`.
package struct JobSummary: Sendable, Equatable, Codable {
    /// By class.
    package var waiting: [String: Int]
    package var running: Int
    package var absorbed: Int
    package var deadLetters: Int
    package var workers: Int
    package var slots: Int
    package var draining: Bool

    package init(_ queue: JobQueue) {
        let depths = queue.depths
        waiting = Dictionary(
            uniqueKeysWithValues: DeadlineClass.allCases.map { ("\($0)", depths.waiting[$0.rawValue]) })
        running = depths.running
        absorbed = depths.absorbed
        deadLetters = depths.dead
        workers = depths.workers
        slots = depths.slots
        draining = queue.isDraining
    }
}
