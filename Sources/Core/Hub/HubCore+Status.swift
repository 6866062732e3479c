/// What people and their dashboards are shown of the cluster.
extension HubCore {
    package func status(now: Instant) -> HubStatus {
        let own = processes.map { $0.status(sessions: reports[$0.spec.name]?.sessions ?? 0, now: now) }
        let others = guests.map { guest in
            HubStatus.Process(
                role: guest.role.rawValue, name: guest.announcement.name, pid: guest.announcement.pid,
                state: "running", sessions: reports[guest.announcement.name]?.sessions ?? 0,
                epoch: guest.role == .back ? "\(guest.epoch)" : "", restarts: 0, crashLoops: 0,
                uptimeSeconds: now.since(guest.since) / .seconds(1), address: guest.announcement.address,
                families: guest.role == .back ? guest.families.map(\.description) : nil, reason: nil)
        }
        let everyone = own + others
        return HubStatus(
            hub: .init(
                pid: facts.pid, version: facts.version, listen: facts.listen,
                uptimeSeconds: now.since(startedAt) / .seconds(1), term: ledger.term),
            processes: everyone,
            channels: everyone.filter { $0.role == "back" }.flatMap { process in
                (reports[process.name]?.channels ?? []).map { channel in
                    var channel = channel
                    channel.back = channel.back ?? process.name
                    channel.epoch = channel.epoch ?? process.epoch
                    return channel
                }
            }.sorted { ($0.id, $0.back ?? "") < ($1.id, $1.back ?? "") },
            clientCount: everyone.filter { $0.role == "front" }.reduce(0) { $0 + $1.sessions },
            clients: everyone.filter { $0.role == "front" }.flatMap { process in
                (reports[process.name]?.clients ?? []).prefix(HubLimits.clientsListed).map { client in
                    var client = client
                    client.front = process.name
                    return client
                }
            })
    }

    /// The Prometheus page of the whole cluster.
    ///
    /// - Parameter jobs: figures of the job queue, for the hub's own part of the page.
    package func metrics(now: Instant, jobs: ProcessReport? = nil) -> String {
        let status = status(now: now)
        var own = jobs ?? ProcessReport()
        own.gauges = (own.gauges ?? [:]).merging(
            ["hub_uptime_seconds": status.hub.uptimeSeconds], uniquingKeysWith: { $1 })
        for (code, count) in refusals {
            own.counters?["hub_connections_refused_total{reason=\"\(code.name)\"}"] = Double(count)
        }
        let pages = status.processes.map { process -> (process: String, report: ProcessReport) in
            var report = reports[process.name] ?? ProcessReport()
            report.gauges = (report.gauges ?? [:]).merging(
                ["process_up": process.state == "running" ? 1 : 0], uniquingKeysWith: { $1 })
            report.counters = (report.counters ?? [:]).merging(
                [
                    "process_restarts_total": Double(process.restarts),
                    "process_crash_loops_total": Double(process.crashLoops),
                ], uniquingKeysWith: { $1 })
            return (process.name, report)
        }
        return MetricsText.page([("hub", own)] + pages)
    }
}
