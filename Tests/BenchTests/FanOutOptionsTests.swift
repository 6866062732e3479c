import Testing
import Bench

@Suite struct FanOutOptionsTests {
    @Test("Flags become what is measured") func flags() throws {
        let options = try FanOutOptions(["--clients", "20", "--hz=10", "--bytes", "64", "--seconds", "1", "--inputs"])
        #expect(options.clients == 20 && options.hz == 10 && options.bytes == 64 && options.seconds == 1)
        #expect(options.wantsInputs && options.pairs == nil && options.patches == 1)
        #expect(options.periodNanoseconds == 100_000_000 && options.generatorCount == 1)
        #expect(try FanOutOptions(["--compare"]).pairs == 3)
    }

    @Test(
        "What is wrong with a flag is said with what to write instead",
        arguments: [
            (["--clents", "1"], "there is no flag '--clents'; 'hub bench fan-out --help' lists them"),
            (["--clients", "0"], "--clients: '0' is not a whole number from 1 to 50000"),
            (["--clients"], "--clients needs a value"),
            (["--hz", "fast"], "--hz: 'fast' is not a number from 0.1 to 1000.0"),
            (["--hz", "0.1", "--seconds", "1"], "no tick fits into --seconds 1 at --hz 0.1"),
        ])
    func mistakes(_ arguments: [String], _ text: String) {
        #expect(throws: BenchFailure(text)) { try FanOutOptions(arguments) }
    }
}
