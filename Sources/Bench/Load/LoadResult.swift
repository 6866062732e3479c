/// What one run of a benchmark with writers measured. Field names are the JSON's.
package struct LoadResult: Codable, Equatable, BenchResult {
    package struct CPU: Codable, Equatable {
        /// Microseconds a message that came in.
        package var perMessage = 0.0
        /// The part of it outside the kernel; the kernel counts that in samples.
        package var userPerMessage: Double?
        /// Of one core, 0…1; more with several processes.
        package var share = 0.0
        /// System calls of one process, by the messages that it has its part of; if they were counted.
        package var systemCallsPerMessage: Double?
    }

    package let subject: BenchCluster.Subject
    package let seconds: Double
    /// Inputs whose time to be sent lay in the window, and that were sent.
    package let sent: UInt64
    /// Those that were not: 256 of the client's waited for their acks.
    package let stalled: UInt64
    package let messagesPerSecond: Double
    package let deliveries: UInt64
    package let patchesPerSecond: Double
    package let clientsLost: UInt64
    package let clientsLostReason: String?
    package let latency: FanOutResult.Latency?
    package let distribution: [LatencyPlace]
    /// The fronts, or the relay.
    package internal(set) var front: CPU
    /// The back, or the sink.
    package internal(set) var back: CPU
    package let generatorShares: [Double]
    /// Bytes of inputs that each front might have under way; the product's alone.
    package internal(set) var creditBytes: Int?

    init(
        _ subject: BenchCluster.Subject, _ tally: DeliveryTally, _ window: Window, front: ProcessUsage,
        back: ProcessUsage, generators: [ProcessUsage]
    ) {
        let seconds = Double(window.end - window.start) / 1e9
        self.subject = subject
        self.seconds = seconds
        sent = tally.sent
        stalled = tally.stalled
        messagesPerSecond = Double(tally.sent) / seconds
        deliveries = tally.deliveries
        patchesPerSecond = Double(tally.deliveries) / seconds
        clientsLost = tally.closed
        clientsLostReason = tally.reason
        latency = FanOutResult.Latency(tally.latency)
        distribution = tally.latency.curve
        func cpu(_ usage: ProcessUsage) -> CPU {
            let each = Double(usage.nanoseconds) / 1000 / Double(max(1, tally.sent))
            return CPU(
                perMessage: each, userPerMessage: usage.userShare.map { $0 * each },
                share: Double(usage.nanoseconds) / 1e9 / seconds)
        }
        self.front = cpu(front)
        self.back = cpu(back)
        generatorShares = generators.map { Double($0.nanoseconds) / 1e9 / seconds }
    }

    package var plots: [Plot] { [.latency([("product", distribution)])] }

    package var isComplete: Bool { clientsLost == 0 && sent > 0 && deliveries > 0 }

    /// Microseconds of CPU outside the kernel a message, in all processes of the product together.
    package var userPerMessage: Double? {
        guard let front = front.userPerMessage, let back = back.userPerMessage else { return nil }
        return front + back
    }

    package var table: String {
        func text(_ cpu: CPU) -> String {
            "\(FigureText.fixed(cpu.perMessage, 3)) µs a message"
                + (cpu.userPerMessage.map { ", \(FigureText.fixed($0, 3)) outside the kernel" } ?? "")
                + "; \(FigureText.percent(cpu.share)) of a core"
                + (cpu.systemCallsPerMessage.map { "; \(FigureText.fixed($0, 3)) system calls a message" } ?? "")
        }
        let names = subject == .product ? ("fronts", "back") : ("C relay", "C sink")
        let busiest = generatorShares.max() ?? 0
        var rows = [
            (
                "messages",
                "\(FigureText.grouped(UInt64(messagesPerSecond))) a second"
                    + (stalled > 0 ? "; \(FigureText.grouped(stalled)) NOT SENT: acks were awaited" : "")
            ),
            ("patches", "\(FigureText.grouped(UInt64(patchesPerSecond))) a second"),
            (names.0, text(front)), (names.1, text(back)),
        ]
        if let creditBytes { rows.append(("inbox credit", "\(creditBytes >> 20) MiB for each front")) }
        if let latency { rows.append(("latency, ms", latency.text)) }
        rows.append(
            (
                "load generators",
                "at most \(FigureText.percent(busiest)) of a core"
                    + (busiest > 0.8 ? ": THEY MAY BE THE BOTTLENECK; give more --generators" : ": not the bottleneck")
            ))
        if clientsLost > 0 { rows.append(("clients lost", "\(clientsLost): \(clientsLostReason ?? "")")) }
        return (subject == .product ? "product" : "plain C") + "\n" + TextTable.columns(rows)
    }
}

extension FanOutResult.Latency {
    /// Milliseconds; nil if there are none.
    init?(_ histogram: LatencyHistogram) {
        guard histogram.count > 0 else { return nil }
        func milliseconds(_ share: Double) -> Double { Double(histogram.percentile(share) ?? 0) / 1e6 }
        self.init(p50: milliseconds(0.5), p99: milliseconds(0.99), p999: milliseconds(0.999), max: milliseconds(1))
    }

    var text: String {
        "p50 \(FigureText.fixed(p50, 2)), p99 \(FigureText.fixed(p99, 2)), p99.9 \(FigureText.fixed(p999, 2)), "
            + "max \(FigureText.fixed(max, 2))"
    }
}

/// Runs of the product and the reference in turn, with what is compared.
package struct LoadComparison: Codable, Equatable, BenchResult {
    package var product: [LoadResult] = []
    package var reference: [LoadResult] = []
    /// CPU a message of the front and of the relay.
    package var cpu = PairedFigures()
    /// The median latencies.
    package var latency = PairedFigures()

    mutating func add(_ product: LoadResult, _ reference: LoadResult) {
        self.product.append(product)
        self.reference.append(reference)
        cpu.add(product: product.front.perMessage, reference: reference.front.perMessage)
        if let ours = product.latency, let theirs = reference.latency {
            latency.add(product: ours.p50, reference: theirs.p50)
        }
    }

    package var plots: [Plot] {
        [.latency([("product", product.last?.distribution ?? []), ("plain C", reference.last?.distribution ?? [])])]
    }

    package var isComplete: Bool { (product + reference).allSatisfy(\.isComplete) }

    package var table: String {
        (product.last?.table ?? "") + (reference.last?.table ?? "")
            + TextTable.columns([
                ("ratio of the front's CPU a message", cpu.text), ("ratio of the median latencies", latency.text),
            ])
    }
}
