import Loop

/// `bench growth`: the same work at growing sizes, so that a cost which grows faster than a straight line shows.
struct GrowthBenchmark: Benchmark {
    static let name = "growth"
    private static let all = ["fronts", "clients", "channels", "rows", "payload"]
    private var series = GrowthBenchmark.all
    private var seconds = 3
    private var largest = Int.max

    var help: BenchHelp {
        BenchHelp(
            summary: "how cost grows: by fronts, clients, channels, rows and payload",
            flags: [
                ("--series LIST", "Which, with commas between. Default: \(Self.all.joined(separator: ","))."),
                ("--seconds N", "How long each point is measured, 1 to 600. Default: \(seconds)."),
                ("--largest N", "Leave sizes above N out, but for the first two of a series. Default: none."),
            ],
            notes: """
                fronts: a message through client, front and back, 1 to 8 fronts with 200 clients each. clients: a delivery, 10 to
                10,000 clients. channels: the backs' CPU a tick, 1 to 100 channels, in one back and divided between two. rows:
                closing a tick, 1 to 100,000 rows, in memory. payload: a delivery, 64 bytes to 64 KiB. A line is straight when its
                cost grows at most as size^1.1, or as size^0.1 where it is the cost of one message or delivery; 0.15 more is left to
                its last decade.

                """)
    }

    var descriptorCount: Int { 10_256 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--series":
            series = try flags.text().split(separator: ",").map(String.init)
            if let wrong = series.first(where: { !Self.all.contains($0) }) {
                throw BenchFailure("--series: there is no '\(wrong)'; there are \(Self.all.joined(separator: ", "))")
            }
        case "--seconds": seconds = try flags.whole(1...600)
        case "--largest": largest = try flags.whole(1...100_000)
        default: return false
        }
        return true
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> GrowthResult {
        var result = GrowthResult()
        for name in series {
            switch name {
            case "fronts": result.series.append(try fronts(loop, progress))
            case "clients": result.series.append(try clients(loop, progress, &result))
            case "channels": result.series.append(try channels(loop, progress))
            case "rows":
                progress.say("rows")
                result.series.append(RowGrowth.measure(sizes([1, 10, 100, 1000, 10_000, 100_000])))
            default: result.series.append(try payload(loop, progress))
            }
        }
        progress.begin("")
        return result
    }

    private func sizes(_ all: [Int]) -> [Int] { all.enumerated().filter { $0 < 2 || $1 <= largest }.map(\.element) }

    private func fronts(_ loop: EventLoop, _ progress: Progress) throws -> GrowthSeries {
        var (front, back) = ([GrowthSeries.Point](), [GrowthSeries.Point]())
        for count in sizes([1, 2, 4, 8]) {
            progress.begin("\(count) fronts: ")
            var options = try LoadOptions(.uplink, [])
            // As many clients to each front, whatever their number: more fronts carry more.
            (options.clients, options.readers, options.rate, options.perRead) = (count * min(200, largest), 0, 20, 1)
            (options.seconds, options.fronts, options.generators) = (seconds, count, 2)
            let run = try LoadRun(options: options).measure(.product, loop, progress)
            front.append(GrowthSeries.Point(size: Double(count), microseconds: run.front.perMessage))
            back.append(GrowthSeries.Point(size: Double(count), microseconds: run.back.perMessage))
        }
        return GrowthSeries(
            name: "fronts", size: "fronts", cost: "µs of CPU a message", straight: 0,
            lines: [GrowthSeries.Line("all fronts", front), GrowthSeries.Line("back", back)])
    }

    private func clients(_ loop: EventLoop, _ progress: Progress, _ result: inout GrowthResult) throws -> GrowthSeries {
        var points: [GrowthSeries.Point] = []
        for count in sizes([10, 30, 100, 300, 1000, 3000, 10_000]) {
            var options = FanOutOptions()
            // At most 20,000 deliveries a second, so that no size is measured at another load than the others.
            (options.clients, options.hz, options.bytes) = (count, min(20, 20_000 / Double(count)), 1024)
            let run = try fanOut(options, "\(count) clients: ", loop, progress)
            points.append(GrowthSeries.Point(size: Double(count), microseconds: run.front.perDelivery))
            result.throughput.append(
                GrowthResult.Throughput(
                    clients: Double(count), due: options.hz * Double(count), came: run.deliveriesPerSecond))
            if options.hz == 20 { result.distribution = run.distribution }
        }
        return GrowthSeries(
            name: "clients", size: "clients", cost: "µs of the front's CPU a delivery", straight: 0,
            lines: [GrowthSeries.Line("one front", points)])
    }

    private func channels(_ loop: EventLoop, _ progress: Progress) throws -> GrowthSeries {
        var lines: [GrowthSeries.Line] = []
        for backs in [1, 2] {
            var points: [GrowthSeries.Point] = []
            // Two backs have at least one channel each.
            for count in sizes(backs == 1 ? [1, 3, 10, 30, 100] : [2, 10, 30, 100]) {
                var options = FanOutOptions()
                (options.clients, options.bytes, options.patches, options.backs) = (2, 64, count, backs)
                let run = try fanOut(options, "\(count) channels, \(backs) backs: ", loop, progress)
                points.append(GrowthSeries.Point(size: Double(count), microseconds: run.backMicrosecondsPerTick ?? 0))
            }
            lines.append(GrowthSeries.Line(backs == 1 ? "one back" : "two backs", points))
        }
        return GrowthSeries(
            name: "channels", size: "channels", cost: "µs of the backs' CPU a tick", straight: 1, lines: lines)
    }

    private func payload(_ loop: EventLoop, _ progress: Progress) throws -> GrowthSeries {
        var points: [GrowthSeries.Point] = []
        for bytes in sizes([64, 256, 1024, 4096, 16_384, 65_536]) {
            var options = FanOutOptions()
            (options.clients, options.bytes) = (min(200, max(10, largest)), bytes)
            let run = try fanOut(options, "\(bytes) bytes: ", loop, progress)
            points.append(GrowthSeries.Point(size: Double(bytes), microseconds: run.front.perDelivery))
        }
        return GrowthSeries(
            name: "payload", size: "bytes of a patch", cost: "µs of the front's CPU a delivery", straight: 1,
            lines: [GrowthSeries.Line("200 clients", points)])
    }

    private func fanOut(
        _ options: FanOutOptions, _ prefix: String, _ loop: EventLoop, _ progress: Progress
    ) throws -> FanOutResult {
        var options = options
        options.seconds = seconds
        progress.begin(prefix)
        return try FanOutRun(subject: .product, options: options, progress: progress).measure(on: loop)
    }
}
