import Testing

/// Every run in a form of a few seconds: real processes, real sockets, all promises. Figures that depend on how busy the machine
/// is have bounds here that only a hang breaks; `hub-rig` by hand has the real ones.
@Suite(.serialized) struct SmallRuns {
    private static let common = ["--clients", "20", "--fronts", "2", "--backs", "2", "--seed", "5", "--json"]

    @Test(
        "Killed fronts, backs and hubs cost nobody an input, a state or a place", arguments: ["front", "back", "hub"])
    func crash(victim: String) throws {
        let run = try Run(
            ["crash", "--victim", victim, "--cycles", "2", "--resume-within", "60"] + Self.common)
        #expect(run.code == 0 && run.broken.isEmpty, "\(run.story)")
        #expect(run.figure("inputs sent") > 0 && run.figure("states checked") > 0)
        if victim != "hub" { #expect(run.figure("resumes") > 0, "somebody was hit") }
    }

    @Test("A front, a back and a hub that are stopped for a second throw nobody out")
    func pause() throws {
        let run = try Run(["pause", "--for", "1s"] + Self.common)
        #expect(run.code == 0 && run.broken.isEmpty, "\(run.story)")
    }

    @Test("A slow reader stays, costs little and sees right states")
    func slow() throws {
        let run = try Run(["slow", "--for", "8s", "--clients", "20", "--tolerance", "1000", "--json"])
        #expect(run.code == 0 && run.broken.isEmpty, "\(run.story)")
        #expect(run.figure("slow reader's commits") > 0)
    }

    @Test("Clients who play for long keep their states; memory is looked at")
    func soak() throws {
        let run = try Run(["soak", "--for", "5s", "--tolerance", "1000"] + Self.common)
        // How many ticks are late is the machine's; all else is ours.
        #expect(run.broken.allSatisfy { $0.contains("overruns") }, "\(run.story)")
        #expect(run.figure("inputs acked") > 0 && run.figure("hub KiB at the end") > 0, "\(run.story)")
    }

    @Test("Page jobs outlive workers and a hub: every key's last build is later than its last request")
    func jobs() throws {
        let run = try Run([
            "jobs", "--count", "300", "--kill-every", "1s", "--hub-kills", "1", "--seed", "5", "--json",
        ])
        #expect(run.code == 0 && run.broken.isEmpty, "\(run.story)")
        #expect(run.figure("builds") > 0 && run.figure("hub: late_results") > 0 && run.figure("hub: retried") > 0)
    }
}
