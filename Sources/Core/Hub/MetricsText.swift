/// The figures of many processes as one Prometheus text page: each family once, each sample labelled with its process.
package enum MetricsText {
    /// What names mean; a name that is not here gets its own words as help.
    package static let help: [String: String] = [
        "connections": "Connections that are open now.",
        "sessions": "Sessions that are known, detached ones included.",
        "links": "Links that are open now.",
        "tick_duration_seconds": "How long ticks took.",
        "tick_overruns_total": "Ticks that took longer than their slot.",
        "inbox_depth": "Events that wait for the next tick.",
        "patch_bytes_total": "Bytes of patches, each counted once.",
        "fanout_writes_total": "Writes of shared buffers to clients.",
        "frames_refused_total": "Frames that were refused, by reason.",
        "process_up": "1 while the process is known to the hub and announced.",
        "process_restarts_total": "How often the hub restarted the process.",
        "process_crash_loops_total": "How often the process fell into a crash loop.",
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
