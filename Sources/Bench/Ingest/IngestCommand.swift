import Glibc

/// `bench ingest`, once its flags are understood.
struct IngestCommand {
    let options: IngestOptions

    static func run(_ arguments: [String]) -> Int32 {
        let options: IngestOptions
        do { options = try IngestOptions(arguments) } catch { return BenchCommand.complain("\(error)", 2) }
        if options.wantsHelp {
            print(IngestOptions.help, terminator: "")
            return 0
        }
        do {
            let result = try IngestCommand(options: options).measure()
            print(options.wantsJSON ? try JSONOutput.text(of: result) : result.table, terminator: "")
            return 0
        } catch {
            return BenchCommand.complain("\(error)", 1)
        }
    }

    func measure() throws -> IngestResult {
        var result = IngestResult(
            clients: options.clients, perRead: options.perRead, bytes: options.bytes, sessions: options.sessions)
        let front = try FrontIngest(clients: options.clients, inputsPerRead: options.perRead, bytes: options.bytes)
        try front.check()
        let inputs = Double(front.inputsPerRound * options.rounds)
        for pair in 0...options.pairs {
            let product = Self.cpuNanoseconds { for _ in 0..<options.rounds { front.product() } }
            let reference = Self.cpuNanoseconds { for _ in 0..<options.rounds { front.plainC() } }
            // The first pair warms up.
            if pair > 0 { result.front.add(product: product / inputs, reference: reference / inputs) }
        }
        try front.check()
        let trunk = try TrunkIngest(sessions: options.sessions, bytes: options.bytes)
        let rounds = max(1, options.rounds / 10)
        for run in 0...options.pairs {
            var cost = 0.0
            for _ in 0..<rounds {
                trunk.prepare()
                cost += Self.cpuNanoseconds { trunk.run() }
            }
            if run > 0 { result.trunk.append(cost / Double(rounds * trunk.inputsPerRound)) }
        }
        guard trunk.hasSeen(rounds * (options.pairs + 1)) else {
            throw BenchFailure("the application did not see every input")
        }
        if options.wantsInstructions { result.instructions = try instructions() }
        return result
    }

    /// Few clients and inputs: each instruction is a stop. One round is taken off another of twice as many, so that what a round
    /// costs by itself is not counted.
    private func instructions() throws -> IngestResult.Instructions {
        func front(_ clients: Int) throws -> (product: Int, reference: Int) {
            let ingest = try FrontIngest(clients: clients, inputsPerRead: options.perRead, bytes: options.bytes)
            for _ in 0..<3 { try ingest.check() }
            return (
                try InstructionCount.instructions { ingest.product() },
                try InstructionCount.instructions { ingest.plainC() }
            )
        }
        let (few, many) = (try front(4), try front(12))
        let inputs = Double(8 * options.perRead)
        let trunk = try TrunkIngest(sessions: min(500, options.sessions), bytes: options.bytes)
        trunk.prepare()
        trunk.run()
        trunk.prepare(1000)
        return IngestResult.Instructions(
            front: Double(many.product - few.product) / inputs,
            reference: Double(many.reference - few.reference) / inputs,
            trunk: Double(try InstructionCount.instructions { trunk.run() }) / 1000)
    }

    /// `bench-ingest SIDE CLIENTS PER-READ BYTES SESSIONS ROUNDS`: the work alone, for profilers.
    @Sendable static func work(_ arguments: [String]) async -> Int32 {
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count == 5 else { return BenchCommand.complain("bench-ingest needs SIDE and five numbers", 2) }
        do {
            switch arguments[0] {
            case "product", "reference":
                let front = try FrontIngest(clients: numbers[0], inputsPerRead: numbers[1], bytes: numbers[2])
                for _ in 0..<numbers[4] {
                    if arguments[0] == "product" { front.product() } else { front.plainC() }
                }
            default:
                let trunk = try TrunkIngest(sessions: numbers[3], bytes: numbers[2])
                for _ in 0..<numbers[4] {
                    trunk.prepare()
                    trunk.run()
                }
            }
            return 0
        } catch {
            return BenchCommand.complain("\(error)", 1)
        }
    }

    /// What the calling thread spends on it.
    static func cpuNanoseconds(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
        }
        let start = now()
        body()
        return now() - start
    }
}
