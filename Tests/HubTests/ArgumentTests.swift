import Core
import Hub
import HubCommand
import Testing

@Suite("The command line") struct ArgumentTests {
    static let parser = ArgumentParser(Commands.all)

    @Test(
        "A mistake is answered with what to write instead",
        arguments: [
            ([String](), "which subcommand"),
            (["rum"], "did you mean 'run'?"),
            (["dance"], "there is no subcommand 'dance'"),
            (["run", "--lisen", "x"], "did you mean '--listen'?"),
            (["run", "-listen", "x"], "did you mean '--listen'?"),
            (["run", "--dance"], "'hub run --help' lists them"),
            (["run", "--listen"], "--listen needs a value; write '--listen ADDRESS'"),
            (["run", "--listen", "--fronts"], "--listen needs a value"),
            (["run", "--fronts", "1", "--fronts=2"], "--fronts is given twice"),
            (["run", "arena"], "'arena' is not a flag"),
            (["status", "--json=yes"], "--json takes no value"),
            (["drain"], "write 'hub drain FRONT'"),
            (["drain", "front-1", "front-2"], "'front-2' is not a flag"),
        ])
    func mistakes(arguments: [String], text: String) throws {
        let mistake = #expect(throws: ArgumentMistake.self) { try Self.parser.parse(arguments) }
        #expect(mistake?.description.contains(text) == true, "\(String(describing: mistake))")
    }

    @Test("The word that a subcommand is about may stand before or behind its flags")
    func operand() throws {
        for words in [["drain", "front-2", "--deadline", "5s"], ["drain", "--deadline=5s", "front-2"]] {
            guard case .run("drain", let parsed) = try Self.parser.parse(words) else { return #expect(Bool(false)) }
            #expect(parsed.operand == "front-2")
            #expect(parsed.last("deadline") == "5s")
        }
    }

    @Test(
        "Times have a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
            ("30", nil), ("s", nil), ("-1s", nil), ("1.5s", nil),
        ])
    func times(text: String, duration: Duration?) { #expect(TimeText.duration(text) == duration) }

    @Test(
        "An order is read from the path that it is written as, and nothing else is one",
        arguments: [
            HubOrder.drain("front-2", within: .seconds(30), then: .leave),
            .drain("front-2", within: .milliseconds(5), then: .restart), .start("front-2"), .show("back-1"),
        ])
    func orders(order: HubOrder) {
        #expect(HubOrder(order.path) == order)
        #expect(HubOrder(order.path + "/more") == nil)
        #expect(HubOrder(String(order.path.dropFirst())) == nil)
        #expect(HubOrder("/status.json") == nil)
    }

    @Test("Flags are read in both spellings, lists in their order")
    func values() throws {
        let words = ["run", "--listen=127.0.0.1:1", "--fronts", "2", "--listen", "[::1]:2", "--back", "a --loops=2"]
        guard case .run("run", let parsed) = try Self.parser.parse(words) else { return #expect(Bool(false)) }
        #expect(parsed.all("listen") == ["127.0.0.1:1", "[::1]:2"])
        #expect(parsed.last("fronts") == "2")
        #expect(parsed.last("back") == "a --loops=2")
        #expect(!parsed.has("config"))
    }

    @Test(
        "Help and version are there for every subcommand",
        arguments: [
            (["--help"], Invocation.help(command: nil)), (["-h"], .help(command: nil)),
            (["help", "run"], .help(command: "run")), (["run", "--nonsense", "--help"], .help(command: "run")),
            (["status", "-h"], .help(command: "status")), (["--version"], .version), (["run", "--version"], .version),
        ])
    func help(arguments: [String], invocation: Invocation) throws {
        #expect(try Self.parser.parse(arguments) == invocation)
    }

    @Test("A help page names every flag of its table and stays within 100 columns")
    func pages() {
        for command in Commands.all {
            let page = HelpText.page(command)
            for option in command.options { #expect(page.contains(option.usage)) }
        }
        #expect(!HelpText.overview(Commands.all).contains("  front "), "it is for the hub's own use")
        #expect(HelpText.page(Commands.run).split(separator: "\n").allSatisfy { $0.count <= 110 })
    }

    @Test("Flags win over the file, the file over the environment, the environment over nothing")
    func precedence() throws {
        let file = try ConfigurationFile.read("fronts: 3\nlisten: 127.0.0.1:3\nlog-level: debug\n")
        let flags = ParsedArguments(["fronts": ["2"]])
        let both = try RunOptions.make(flags, file, listenDefault: "127.0.0.1:9")
        #expect(both.frontCount == 2)
        #expect(both.listen == ["127.0.0.1:3"])
        #expect(both.logLevel == .debug)
        #expect(try RunOptions.make(flags, [], listenDefault: "127.0.0.1:9").listen == ["127.0.0.1:9"])
        #expect(try RunOptions.make(flags, [], listenDefault: nil).listen == ["127.0.0.1:8080"])
    }

    @Test(
        "A value that makes no sense is refused with what was wanted",
        arguments: [
            ("fronts", "many", "a number from 0 to 256"), ("fronts", "-1", "a number"), ("fronts", "257", "a number"),
            ("log-level", "loud", "debug, info, warning or error"), ("files", "web", "PREFIX=FOLDER"),
            ("files", "web=/x", "PREFIX=FOLDER"), ("allow-origin", "example.org", "an origin"),
            ("message-limit", "lots", "a number of bytes"),
            ("front", "'open", "never closed"),
        ])
    func badValues(flag: String, value: String, text: String) {
        let mistake = #expect(throws: RunOptions.Mistake.self) {
            try RunOptions.make(ParsedArguments([flag: [value]]), [], listenDefault: nil)
        }
        #expect(mistake?.description.contains(text) == true, "\(String(describing: mistake))")
    }
}
