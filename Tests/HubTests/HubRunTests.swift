import Core
import Glibc
import Hub
import Testing

/// The real hub with real processes. Small shell scripts stand in for fronts and backs where they need not speak.
@Suite("The hub at work", .serialized) struct HubRunTests {
    @Test("A back that dies is started again with a higher epoch each time, after waits that double")
    func restarts() throws {
        let hub = try HubUnderTest()
        let back = try hub.folder.script(
            "back", #"echo "$SWITCHBACK_EPOCH $(date +%s%3N) $SWITCHBACK_NAME" >> "$DIR/log""#)
        let pid = try hub.start(hub.run("--fronts", "0", "--back", back))
        #expect(try hub.wait { hub.folder.lines("log").count >= 4 })
        let lines = hub.folder.lines("log").prefix(4).map { $0.split(separator: " ") }
        let epochs = lines.compactMap { UInt64($0[0]) }
        let times = lines.compactMap { Int($0[1]) }
        #expect(epochs == epochs.sorted() && Set(epochs).count == 4, "\(epochs)")
        #expect(lines.allSatisfy { $0[2] == "back-1" })
        for (gap, least) in zip(zip(times.dropFirst(), times).map { $0 - $1 }, [37, 75, 150]) {
            #expect(gap >= least, "\(times)")
        }
        hub.signal(pid, SIGTERM)
        #expect(try hub.wait { hub.exit(of: pid) != nil })
        #expect(hub.exit(of: pid) == 0)
    }

    @Test("Stopping ends the fronts before the backs, then the hub, which says so and exits with 0")
    func stopOrder() throws {
        let hub = try HubUnderTest()
        let loop = #"echo up >> "$DIR/$SWITCHBACK_ROLE"; while :; do sleep 0.05; done"#
        let front = try hub.folder.script(
            "front.sh", #"trap 'sleep 0.3; echo front >> "$DIR/log"; exit 0' TERM; "# + loop)
        let back = try hub.folder.script("back.sh", #"trap 'echo back >> "$DIR/log"; exit 0' TERM; "# + loop)
        let pid = try hub.start(hub.run("--fronts", "2", "--front", front, "--back", back))
        #expect(try hub.wait { hub.folder.lines("front").count == 2 && hub.folder.lines("back").count == 1 })
        hub.signal(pid, SIGINT)
        #expect(try hub.wait { hub.exit(of: pid) != nil })
        #expect(hub.folder.lines("log") == ["front", "front", "back"])
        #expect(hub.exit(of: pid) == 0)
        #expect(hub.folder.lines("out").last == "hub: stopped")
    }

    @Test("A second signal kills what does not want to stop")
    func secondSignal() throws {
        let hub = try HubUnderTest()
        let back = try hub.folder.script("back", #"trap '' TERM; echo up >> "$DIR/log"; while :; do sleep 0.05; done"#)
        let pid = try hub.start(hub.run("--fronts", "0", "--back", back))
        #expect(try hub.wait { hub.folder.lines("log").count == 1 })
        hub.signal(pid, SIGINT)
        #expect(try hub.wait { hub.folder.lines("out").contains { $0.hasPrefix("hub: stopping") } })
        hub.signal(pid, SIGINT)
        #expect(try hub.wait(1500) { hub.exit(of: pid) == 0 }, "SIGTERM alone would have taken two seconds more")
    }

    @Test("At the end of its lifeline the hub goes and kills nothing; its processes hold the same lifeline")
    func lifeline() throws {
        let hub = try HubUnderTest()
        let back = try hub.folder.script(
            "back",
            #"""
            trap 'echo terminated >> "$DIR/log"' TERM
            echo "up $SWITCHBACK_LIFELINE" >> "$DIR/log"
            cat <&3 >/dev/null
            echo "cut" >> "$DIR/log"
            """#)
        let pid = try hub.start(hub.run("--fronts", "0", "--back", back), lifeline: true)
        #expect(try hub.wait { hub.folder.lines("log") == ["up 3"] })
        hub.cutLifeline()
        #expect(try hub.wait { hub.exit(of: pid) != nil && hub.folder.lines("log").count == 2 })
        #expect(hub.folder.lines("log") == ["up 3", "cut"])
    }

    @Test("Killed with -9 the hub leaves its processes running, and the next one takes them and the listener back")
    func adoption() throws {
        let hub = try HubUnderTest()
        let arena = HubUnderTest.binaries + "/arena"
        let first = try hub.start(hub.run("--fronts", "2", "--back", arena))
        #expect(try hub.wait { hub.servedAddress != nil })
        let address = try #require(hub.servedAddress)
        let before = try processes(of: hub, at: address, "before")
        #expect(before.map(\.name) == ["front-1", "front-2", "back-1"])
        #expect(before.allSatisfy { $0.state == "running" })
        hub.signal(first, SIGKILL)
        #expect(try hub.wait { hub.exit(of: first) == -Int64(SIGKILL) })
        let again = hub.run("--fronts", "2", "--back", arena).map { $0 == "127.0.0.1:0" ? address : $0 }
        let second = try hub.start(again, output: "again")
        #expect(try hub.wait { hub.folder.lines("again").contains { $0.contains("serving http://\(address)/") } })
        let after = try processes(of: hub, at: address, "after")
        #expect(after.map(\.pid) == before.map(\.pid))
        #expect(after.map(\.epoch) == before.map(\.epoch))
        hub.signal(second, SIGTERM)
        #expect(try hub.wait { hub.exit(of: second) == 0 })
        #expect(
            after.allSatisfy { ProcessFacts.startTime(of: $0.pid) == 0 }, "stopped with the hub that took them over")
    }

    @Test(
        "A second hub on the same state folder takes over: the first says so and exits with 0, and nothing is started twice"
    )
    func second() throws {
        let hub = try HubUnderTest()
        let arena = HubUnderTest.binaries + "/arena"
        let first = try hub.start(hub.run("--fronts", "2", "--back", arena))
        #expect(try hub.wait { hub.servedAddress != nil })
        let address = try #require(hub.servedAddress)
        let before = try processes(of: hub, at: address, "before")
        let second = try hub.start(hub.run("--fronts", "2", "--back", arena), output: "second")
        #expect(try hub.wait { hub.exit(of: first) != nil })
        #expect(hub.exit(of: first) == 0)
        #expect(hub.folder.lines("out").last == "hub: handed over to process \(second); its processes go on")
        #expect(try hub.wait { hub.folder.lines("second").contains { $0.contains("serving http://\(address)/") } })
        #expect(hub.folder.lines("second").first == "hub: taking over from process \(first)")
        let after = try processes(of: hub, at: address, "after")
        #expect(after.map(\.pid) == before.map(\.pid))
        #expect(after.map(\.epoch) == before.map(\.epoch))
        hub.signal(second, SIGTERM)
        #expect(try hub.wait { hub.exit(of: second) == 0 })
        #expect(after.allSatisfy { ProcessFacts.startTime(of: $0.pid) == 0 })
    }

    @Test("A hub that hangs is not taken over: the second says what to do, changes nothing and exits with 1")
    func hangs() throws {
        let hub = try HubUnderTest()
        let back = try hub.folder.script("back", #"echo up >> "$DIR/log"; exec sleep 60"#)
        let first = try hub.start(hub.run("--fronts", "0", "--back", back))
        #expect(try hub.wait { hub.folder.lines("log").count == 1 })
        hub.signal(first, SIGSTOP)
        let other = try hub.start(hub.run("--fronts", "0", "--back", back), output: "other")
        #expect(try hub.wait { hub.exit(of: other) != nil })
        #expect(hub.exit(of: other) == 1)
        let words = hub.folder.lines("other.err").joined()
        #expect(words.contains("another hub (process \(first))"), "\(words)")
        #expect(words.contains("'kill -9 \(first)'"), "\(words)")
        hub.signal(first, SIGCONT)
        hub.signal(first, SIGTERM)
        #expect(try hub.wait { hub.exit(of: first) == 0 })
        #expect(hub.folder.lines("log") == ["up"])
    }

    @Test(
        "The next hub finds what lives by the locks it holds: with the table lost, with other paths, and with fewer wanted"
    )
    func locks() throws {
        let hub = try HubUnderTest()
        let back = try hub.folder.script(
            "back", #"echo up >> "$DIR/log"; trap 'exit 0' TERM; while :; do sleep 0.05; done"#)
        let first = try hub.start(hub.run("--fronts", "0", "--back", back, "--back", back + " second"))
        #expect(try hub.wait { hub.folder.lines("log").count == 2 })
        hub.signal(first, SIGKILL)
        #expect(try hub.wait { hub.exit(of: first) != nil })
        #expect(unlink(hub.folder.path + "/run/processes.json") == 0)
        let other = try hub.folder.script("other", #"echo other >> "$DIR/log"; sleep 60"#)
        let second = try hub.start(hub.run("--fronts", "0", "--back", other, "--log-level", "debug"), output: "second")
        func table() -> [ProcessRecord] {
            let bytes = (try? Files.read(hub.folder.path + "/run/processes.json")).flatMap { $0 } ?? []
            return JSON.decode([ProcessRecord].self, bytes) ?? []
        }
        #expect(try hub.wait { table().count == 2 })
        #expect(table().map(\.name) == ["back-1", "back-2"])
        #expect(table().allSatisfy { ProcessFacts.startTime(of: $0.pid) == $0.startTime })
        #expect(Set(table().compactMap(\.epoch)).count == 2, "the epochs that they were started with")
        hub.signal(second, SIGTERM)
        #expect(try hub.wait { hub.exit(of: second) == 0 })
        #expect(hub.folder.lines("log") == ["up", "up"], "nothing was started twice")
        #expect(table().isEmpty)
    }

    @Test(
        "What was asked wrongly exits with 2 and says what to write instead",
        arguments: [
            (["run", "--lisen", "x"], "did you mean '--listen'?"),
            (["run", "--listen", "127.0.0.1:0"], "--back .build"),
            (["run", "--listen", "8080", "--back", "/bin/true"], "has no port"),
            (["run", "--listen", "127.0.0.1:0", "--back", "/nowhere/at/all"], "no executable file '/nowhere/at/all'"),
            (["run", "--config", "/nowhere.yaml"], "no configuration file /nowhere.yaml"),
            (["status", "--hub", "nonsense"], "is not an address"),
        ])
    func mistakes(arguments: [String], text: String) throws {
        let hub = try HubUnderTest()
        let pid = try hub.start(arguments)
        #expect(try hub.wait { hub.exit(of: pid) != nil })
        #expect(hub.exit(of: pid) == 2)
        #expect(hub.folder.lines("out.err").joined().contains(text), "\(hub.folder.lines("out.err"))")
    }

    @Test("Status says so when nobody answers, and exits with 1")
    func nobody() throws {
        let hub = try HubUnderTest()
        // Port 1 is never a listener of a test.
        let pid = try hub.start(["status", "--hub", "127.0.0.1:1"])
        #expect(try hub.wait { hub.exit(of: pid) != nil })
        #expect(hub.exit(of: pid) == 1)
        #expect(hub.folder.lines("out.err").joined().contains("is a hub running there?"))
    }

    private func processes(of hub: HubUnderTest, at address: String, _ name: String) throws -> [HubStatus.Process] {
        let pid = try hub.start(["status", "--hub", address, "--json"], output: name)
        try hub.wait { hub.exit(of: pid) != nil }
        let text = hub.folder.lines(name).joined()
        return try #require(JSON.decode(HubStatus.self, text.utf8), "\(text) \(hub.folder.lines(name + ".err"))")
            .processes
    }
}
