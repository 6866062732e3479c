import Glibc
import Loop

/// `bench start`: from the start of `hub run` to the first tick of a channel in the back that it starts, and the binary's size.
struct StartBenchmark: Benchmark {
    static let name = "start"
    private var runs = 15
    private var fronts = 1

    var help: BenchHelp {
        BenchHelp(
            summary: "from the start of 'hub run' to the first tick; the size of the binary",
            flags: [
                ("--runs N", "How often, 1 to 1000. Default: \(runs)."),
                ("--fronts N", "Fronts that the hub starts beside the back, 1 to 16. Default: \(fronts)."),
            ],
            notes: """
                The channel ticks at 20 Hz, so up to 50 ms of it are the wait for its first slot. The state folder is new each
                time. The size is that of the executable that runs this; for the figure of one without a Swift runtime beside it
                build with: swift build -c release --static-swift-stdlib --product hub, and strip it

                """)
    }

    var descriptorCount: Int { 64 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--runs": runs = try flags.whole(1...1000)
        case "--fronts": fronts = try flags.whole(1...16)
        default: return false
        }
        return true
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> StartResult {
        var executable = BenchExecutable.own
        if !executable.hasSuffix("/hub") { executable = BenchExecutable.beside(executable, "hub") }
        guard let binary = BinaryFile(executable) else {
            throw BenchFailure("there is no \(executable); 'swift build -c release --product hub' makes it")
        }
        var result = StartResult(binary)
        for run in 1...runs {
            progress.say("start \(run) of \(runs)")
            result.milliseconds.append(try start(executable, loop))
        }
        return result
    }

    private func start(_ executable: String, _ loop: EventLoop) throws -> Double {
        let folder = try BenchFolder.make()
        defer { folder.removeAll() }
        let stamp = folder.path + "/first-tick"
        let begun = loop.nowNanoseconds
        let cluster = try BenchCluster(on: loop, executable: executable)
        defer { cluster.stop() }
        try cluster.startHub([
            "run", "--listen", "127.0.0.1:0", "--fronts", "\(fronts)", "--back",
            "\(executable) bench-start-back \(stamp)",
            "--state", folder.path + "/state", "--runtime", folder.path + "/run", "--log-level", "error",
        ])
        try cluster.wait(30_000, "there was no tick within 30 s") { access(stamp, R_OK) == 0 }
        guard let file = fopen(stamp, "r") else { throw BenchFailure("the first tick's time cannot be read") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil, case let ticked = strtoull(line, nil, 10), ticked > begun else {
            throw BenchFailure("the first tick's time cannot be read")
        }
        return Double(UInt64(ticked) - begun) / 1e6
    }
}

/// What `bench start` measured. Field names are the JSON's.
package struct StartResult: Codable, Equatable, BenchResult {
    /// From the start of the process to its channel's first tick, each run's.
    package var milliseconds: [Double] = []
    package let binaryBytes: Int
    /// Whether the Swift runtime is in the binary.
    package let isStatic: Bool

    init(_ binary: BinaryFile) {
        binaryBytes = binary.byteCount
        isStatic = !binary.needsSwiftRuntime
    }

    package var isComplete: Bool { !milliseconds.isEmpty }

    package var table: String {
        let middle = FigureText.fixed(PairedFigures.median(milliseconds), 0)
        let spread =
            "\(FigureText.fixed(milliseconds.min() ?? 0, 0))–\(FigureText.fixed(milliseconds.max() ?? 0, 0))"
        return "start: hub run to the first tick\n"
            + TextTable.columns([
                ("median of \(milliseconds.count)", "\(middle) ms (\(spread))"),
                (
                    "binary",
                    "\(FigureText.fixed(Double(binaryBytes) / 1_048_576, 1)) MiB, "
                        + (isStatic ? "the Swift runtime in it" : "beside the Swift runtime's libraries")
                ),
            ])
    }
}
