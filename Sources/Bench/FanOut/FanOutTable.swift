extension FanOutResult {
    /// The result for people.
    package var table: String {
        var rows: [(String, String)] = [
            ("deliveries", "\(FigureText.grouped(deliveries)) of \(FigureText.grouped(expectedDeliveries))"),
            ("overruns", "\(overruns)"),
            ("missing / late / squashed", "\(missing) / \(late) / \(squashed)"),
            ("deliveries a second", FigureText.fixed(deliveriesPerSecond, 0)),
            ("bytes a second", FigureText.fixed(bytesPerSecond / 1e6, 1) + " MB"),
            ("front CPU a delivery", Self.text(front)),
            ("front CPU", FigureText.percent(front.share) + " of a core"),
        ]
        if let back { rows.append(("back CPU", FigureText.percent(back.share) + " of a core")) }
        if let writesPerDelivery {
            rows.append(("writes a delivery", FigureText.fixed(writesPerDelivery, 3)))
        }
        if inputs > 0 { rows.append(("inputs, acks", "\(FigureText.grouped(inputs)), \(FigureText.grouped(acks))")) }
        if let trunkBytesPerTick, let backMicrosecondsPerTick {
            rows.append(
                (
                    "backs, a tick",
                    "\(FigureText.fixed(trunkBytesPerTick, 0)) bytes, \(FigureText.fixed(backMicrosecondsPerTick, 1)) µs of CPU"
                ))
        }
        if let latency {
            let figures = [latency.p50, latency.p99, latency.p999, latency.max].map { FigureText.fixed($0, 2) }
            rows.append(("latency p50 / p99 / p99.9 / max", figures.joined(separator: " / ") + " ms"))
        }
        rows.append(("load generators", generatorText))
        if corrupt + gaps > 0 { rows.append(("WRONG", "\(corrupt) wrong rows, \(gaps) gaps")) }
        if clientsLost > 0 { rows.append(("clients lost", "\(clientsLost): \(clientsLostReason ?? "")")) }
        return title + "\n" + TextTable.columns(rows)
    }

    package var title: String {
        let place = subject == .product ? "\(fronts) front\(fronts == 1 ? "" : "s")" : "the C reference"
        let bursts = patches > 1 ? "\(patches) patches of " : ""
        return "fan-out: \(clients) clients, \(FigureText.fixed(hz, 0)) Hz, \(bursts)\(bytes) bytes, "
            + "\(FigureText.fixed(seconds, 0)) s, \(place)"
    }

    private var generatorText: String {
        let shares = generatorShares.map(FigureText.percent).joined(separator: ", ")
        return isLoadGeneratorBusy
            ? "\(shares) of a core: THEY MAY BE THE BOTTLENECK; give more --generators or fewer --clients"
            : "\(shares) of a core: not the bottleneck"
    }

    package static func text(_ cpu: CPU) -> String {
        let sum = FigureText.fixed(cpu.perDelivery, 2) + " µs"
        guard let user = cpu.userPerDelivery, let system = cpu.systemPerDelivery else { return sum }
        return sum + " (user \(FigureText.fixed(user, 2)), system \(FigureText.fixed(system, 2)))"
    }
}

/// Two columns.
package enum TextTable {
    package static func columns(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 + "\n" }.joined()
    }
}
