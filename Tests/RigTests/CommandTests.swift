import Testing
import Rig

@Suite struct RigCommandTests {
    private static let known = ["victim", "cycles", "clients", "rate", "seed", "for", "resume-within", "tolerance"]

    @Test("Flags become what is done") func flags() throws {
        let options = try RigOptions(
            [
                "--victim", "front", "--cycles=7", "--clients", "20", "--rate", "2.5", "--seed", "9", "--for", "10m",
                "--json",
            ],
            run: "crash", known: Self.known)
        #expect(options.victim == .front && options.cycles == 7 && options.clients == 20 && options.rate == 2.5)
        #expect(options.seed == 9 && options.seconds == 600 && options.wantsJSON)
        #expect(try RigOptions(["--for", "90"], run: "soak", known: ["for"]).seconds == 90)
    }

    @Test(
        "What is wrong with a flag is said with what to write instead",
        arguments: [
            (["--victim", "cat"], "--victim: 'cat' is not back, front or hub"),
            (["--cycles", "0"], "--cycles: '0' is not a whole number from 1 to 100000"),
            (["--rate", "fast"], "--rate: 'fast' is not a number from 0.01 to 1000.0"),
            (["--for", "soon"], "--for: 'soon' is not a time, as 90s or 10m"),
            (["--fronts", "2"], "there is no flag '--fronts'; 'hub-rig crash --help' lists them"),
            (["--seed"], "--seed needs a value"),
        ])
    func mistakes(_ arguments: [String], _ text: String) {
        #expect(throws: RigOptions.Mistake(text)) { try RigOptions(arguments, run: "crash", known: Self.known) }
    }

    @Test(
        "Help and mistakes are answered without a cluster",
        arguments: [
            (["--help"], 0, "Runs:"), (["crash", "--help"], 0, "--victim"), (["soak", "--help"], 0, "--for"),
            (["jobs", "--help"], 0, "--kill-every"), (["jobs", "--count", "0"], 2, ""),
            (["crash"], 2, ""), (["dance"], 2, ""), ([], 2, ""),
        ] as [([String], Int32, String)])
    func help(_ arguments: [String], _ code: Int32, _ text: String) throws {
        let run = try Run(arguments)
        #expect(run.code == code, "\(run.story)")
        #expect(text.isEmpty ? run.errors.hasPrefix("hub-rig: ") : run.output.contains(text), "\(run.story)")
    }
}
