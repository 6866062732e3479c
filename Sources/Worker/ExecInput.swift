import Core
import Glibc
import State

/// What a command learns of its job.
enum ExecInput {
    /// One line of JSON: kind, key, attempt, the versions of channels that the page must not be older than, and the payload as
    /// text, or in base64 if it is none.
    static func text(of job: Job) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("kind", job.kind)
            json.member("key", job.key)
            json.member("attempt", job.attempt)
            json.name("since")
            json.array { json in
                for minimum in job.minimums {
                    json.object { json in
                        json.member("channel", minimum.channel)
                        json.name("lineage")
                        json.decimal(minimum.lineage)
                        json.member("version", minimum.version)
                    }
                }
            }
            if let text = String(validating: job.payload, as: UTF8.self) {
                json.member("payload", text)
            } else {
                json.name("payload64")
                job.payload.withUnsafeBytes { json.base64($0) }
            }
        }
        return String(decoding: json.out.bytes, as: UTF8.self) + "\n"
    }

    /// Ours, and the job's kind, key and attempt as SWITCHBACK_JOB_KIND, _KEY and _ATTEMPT.
    static func environment(of job: Job) -> [String] {
        var list: [String] = []
        var entry = environ
        while let text = entry.pointee {
            list.append(String(cString: text))
            entry += 1
        }
        return list + [
            "SWITCHBACK_JOB_KIND=\(job.kind)", "SWITCHBACK_JOB_KEY=\(job.key)", "SWITCHBACK_JOB_ATTEMPT=\(job.attempt)",
        ]
    }
}
