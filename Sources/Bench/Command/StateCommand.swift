import StateBenchmarks

/// `bench state`: what the State module makes and how fast, beside plain C that makes the same bytes.
enum StateCommand {
    static let help = """
        hub bench state: sizes of patches, and the speed of closing, applying and squashing them

        Usage: hub bench state [flags]

        Flags:
          --pairs N       Pairs of runs beside the C reference, in turn, 1 to 100. Default: 15.
          --instructions  Also count the instructions of closing 200 rows, one by one: some seconds.
          --json          Print the result as JSON.
          --help          Show this page.

        Sizes are of 100 rows {x, y: 0–999, name of 6 letters}; speed is of 10,000 such rows, 1,000 of them moved a tick,
        by the thread's own clock.
        Both sides must make the same bytes and hashes, or it is an error.
        Exit codes: 0 measured, 1 the sides disagree or a size is over its limit, 2 wrong flags.

        """

    private struct Result: Encodable {
        struct Speed: Encodable {
            let ratio: Double
            let lowest: Double
            let highest: Double
            let nanosecondsPerRow: Double
            let referenceNanosecondsPerRow: Double
        }
        let sizes: StateSizes
        let sessionKeySizes: StateSizes
        let sizeLimits: StateSizes
        let speed: [String: Speed]
        let pairs: Int
        let closingInstructions: ClosingInstructions?
    }

    static func run(_ arguments: [String]) -> Int32 {
        var pairs = 15
        var wantsJSON = false
        var wantsInstructions = false
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h":
                print(help, terminator: "")
                return 0
            case "--json": wantsJSON = true
            case "--instructions": wantsInstructions = true
            case "--pairs":
                guard let count = rest.popFirst().flatMap({ Int($0) }), (1...100).contains(count) else {
                    return BenchCommand.complain("--pairs needs a number from 1 to 100", 2)
                }
                pairs = count
            default:
                return BenchCommand.complain(
                    "there is no flag '\(argument)'; 'hub bench state --help' lists those there are", 2)
            }
        }
        return measure(pairs, wantsJSON, wantsInstructions)
    }

    private static func measure(_ pairs: Int, _ wantsJSON: Bool, _ wantsInstructions: Bool) -> Int32 {
        let sizes = StateSizes.measure()
        do {
            let speed = try StateBenchmark.run(pairCount: pairs)
            let instructions = wantsInstructions ? try ClosingInstructions.count() : nil
            if wantsJSON {
                print(try JSONOutput.text(of: result(sizes, speed, pairs, instructions)), terminator: "")
            } else {
                print("bytes of a patch            here  at most")
                let limits = StateSizes.limits
                for (name, size, limit) in [
                    ("first snapshot, with schema", sizes.firstSnapshot, limits.firstSnapshot),
                    ("one row moved              ", sizes.oneRow, limits.oneRow),
                    ("one row moved, session keys", StateSizes.measureSessions().oneRow, limits.oneRow),
                    ("rows 0–49 moved            ", sizes.fiftyRows, limits.fiftyRows),
                    ("all 100 rows moved         ", sizes.allRows, limits.allRows),
                ] { print("\(name) \(padded(size)) \(padded(limit, 8))") }
                print("\nbeside plain C, median of \(pairs) pairs (lowest–highest)")
                for measurement in speed { print(measurement) }
                if let instructions { print(instructions) }
            }
        } catch let failure as BenchFailure {
            return BenchCommand.complain("\(failure)", 1)
        } catch {
            return BenchCommand.complain("the State module and the C reference disagree: \(error)", 1)
        }
        return sizes.areWithinLimits ? 0 : BenchCommand.complain("a size is over its limit", 1)
    }

    private static func result(
        _ sizes: StateSizes, _ speed: [StateMeasurement], _ pairs: Int, _ instructions: ClosingInstructions?
    ) -> Result {
        Result(
            sizes: sizes, sessionKeySizes: .measureSessions(), sizeLimits: .limits,
            speed: Dictionary(
                uniqueKeysWithValues: speed.map {
                    (
                        $0.name,
                        Result.Speed(
                            ratio: $0.ratio, lowest: $0.spread.lowerBound, highest: $0.spread.upperBound,
                            nanosecondsPerRow: $0.nanosecondsPerRow,
                            referenceNanosecondsPerRow: $0.referenceNanosecondsPerRow)
                    )
                }), pairs: pairs, closingInstructions: instructions)
    }

    private static func padded(_ number: Int, _ width: Int = 4) -> String {
        let text = "\(number)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
