/// Answers to operators, as JSON. 64-bit numbers are decimal strings.
enum JobReports {
    static func answer(
        _ verb: JobVerb, _ address: JobAddress, limit: Int, _ queue: inout JobQueue, now: Instant
    ) -> String {
        switch verb {
        case .list: return list(queue.lines(limit: limit, now: now), of: queue, now: now)
        case .show:
            let lines = queue.lines(of: address, now: now)
            return lines.isEmpty ? "" : list(lines, of: queue, now: now)
        case .retry: return queue.retry(address, now: now) == .changed ? "{\"retried\":true}" : ""
        case .drop: return queue.drop(address, now: now) == .changed ? "{\"dropped\":true}" : ""
        case .drain:
            queue.drain()
            return "{\"draining\":true}"
        case .resume:
            queue.resume()
            return "{\"draining\":false}"
        }
    }

    private static func list(_ lines: [JobQueue.Line], of queue: JobQueue, now: Instant) -> String {
        let report = JobListReport(
            depth: queue.depth, draining: queue.isDraining, jobs: lines.map { JobListReport.Job($0, now: now) })
        return report.text
    }
}

/// What `hub jobs list --json` prints.
package struct JobListReport: Sendable, Equatable, Codable {
    package struct Job: Sendable, Equatable, Codable {
        package var id: String
        package var kind: String
        package var key: String
        package var state: String
        package var deadlineClass: String
        /// Until the deadline; negative when it has passed.
        package var dueSeconds: Double
        package var ageSeconds: Double
        package var attempts: Int
        package var worker: String?
        package var absorbedBy: String?
        package var covers: Int
        package var error: String?

        init(_ line: JobQueue.Line, now: Instant) {
            id = "\(line.record.id)"
            kind = line.record.address.kind
            key = line.record.address.key
            state = line.state
            deadlineClass = "\(line.record.deadlineClass)"
            dueSeconds = Double(line.record.deadline.since(now).wholeNanoseconds) / 1e9
            ageSeconds = Double(line.age.wholeNanoseconds) / 1e9
            attempts = line.record.attemptCount
            worker = line.worker
            absorbedBy = line.record.absorbedBy.map { "\($0)" }
            covers = line.record.coveredCount
            error = line.record.lastError
        }
    }

    package var depth: Int
    package var draining: Bool
    package var jobs: [Job]
}

extension JobListReport {
    /// As JSON.
    package var text: String {
        var json = JSONWriter()
        json.object { json in
            json.member("depth", depth)
            json.member("draining", draining)
            json.name("jobs")
            json.array { json in for job in jobs { job.write(to: &json) } }
        }
        return String(decoding: json.out.bytes, as: UTF8.self)
    }
}

extension JobListReport.Job {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("kind", kind)
            json.member("key", key)
            json.member("state", state)
            json.member("deadlineClass", deadlineClass)
            json.member("dueSeconds", dueSeconds)
            json.member("ageSeconds", ageSeconds)
            json.member("attempts", attempts)
            json.member("covers", covers)
            if let worker { json.member("worker", worker) }
            if let absorbedBy { json.member("absorbedBy", absorbedBy) }
            if let error { json.member("error", error) }
        }
    }
}
