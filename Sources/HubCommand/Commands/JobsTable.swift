import Core

/// The queue as text for a terminal.
enum JobsTable {
    static func text(_ report: JobListReport) -> String {
        var text = "\(report.depth) wait or run\(report.draining ? "; draining" : "")\n"
        guard !report.jobs.isEmpty else { return text }
        let rows = report.jobs.map { job in
            [
                job.id, job.kind, job.key, job.state, seconds(job.dueSeconds), "\(job.attempts)", job.worker ?? "–",
                job.error ?? "",
            ]
        }
        let head = ["JOB", "KIND", "KEY", "STATE", "DUE", "RUNS", "WORKER", "LAST ERROR"]
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [head] + rows {
            let line = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
            text += line.prefix(line.count - line.reversed().prefix { $0 == " " }.count) + "\n"
        }
        return text
    }

    private static func seconds(_ value: Double) -> String { "\(Int(value.rounded())) s" }
}
