import Core

/// A cluster's status as text for a terminal.
package enum StatusTable {
    package static func text(_ status: HubStatus) -> String {
        var text = "hub \(status.hub.version), pid \(status.hub.pid), term \(status.hub.term), "
        text += "up \(duration(status.hub.uptimeSeconds)), at \(status.hub.listen.joined(separator: " "))\n\n"
        text += table(
            ["PROCESS", "PID", "STATE", "SESSIONS", "EPOCH", "RESTARTS", "UP"],
            status.processes.map {
                [
                    $0.name, $0.pid == 0 ? "–" : "\($0.pid)", $0.state, "\($0.sessions)",
                    $0.epoch.isEmpty ? "–" : $0.epoch,
                    "\($0.restarts)", duration($0.uptimeSeconds),
                ]
            })
        text += "\n"
        text += table(
            ["CHANNEL", "BACK", "TICK", "VERSION", "LINKS", "SESSIONS"],
            status.channels.map {
                [
                    $0.id, $0.back ?? "–", "\($0.tick ?? 0)", "\($0.version ?? 0)", "\($0.links ?? 0)",
                    "\($0.sessions ?? 0)",
                ]
            })
        if let jobs = status.jobs { text += "\n" + table(of: jobs) }
        text += "\n\(status.clientCount) clients"
        text += status.clients.isEmpty ? "\n" : "; some of them:\n"
        for client in status.clients.prefix(20) {
            let channels = (client.channels ?? []).joined(separator: " ")
            text += "  \(client.session)  \(client.front ?? "–")  \(client.peer ?? "–")  \(channels)\n"
        }
        return text
    }

    /// The queue: what waits, by class, and the rest.
    private static func table(of jobs: JobSummary) -> String {
        let classes = DeadlineClass.allCases.map(\.description)
        return table(
            ["QUEUE"] + classes.map { $0.uppercased() } + ["RUNNING", "ABSORBED", "DEAD", "WORKERS", "SLOTS"],
            [
                [jobs.draining ? "draining" : "open"] + classes.map { "\(jobs.waiting[$0] ?? 0)" }
                    + ["\(jobs.running)", "\(jobs.absorbed)", "\(jobs.deadLetters)"]
                    + ["\(jobs.workers)", "\(jobs.slots)"]
            ])
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        return ([head] + rows).map { row in
            let cells = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ").trimmingTrailingSpaces + "\n"
        }.joined()
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<60: "\(Int(seconds)) s"
        case ..<3600: "\(Int(seconds) / 60) min"
        default: "\(Int(seconds) / 3600) h"
        }
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}
