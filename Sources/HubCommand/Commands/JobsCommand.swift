import Core
import Hub
import Node

/// `hub jobs`: asks for work, and looks after the queue.
enum JobsCommand {
    private static let help = """
        Usage: hub jobs submit KIND KEY [--payload TEXT] [--class CLASS] [--wait] [--state FOLDER] [--json]
               hub jobs list [--limit N] [--state FOLDER] [--json]
               hub jobs show|retry|drop KIND KEY [--state FOLDER] [--json]
               hub jobs drain|resume [--state FOLDER] [--json]

        submit   asks for a page to be built: 'queued ID', 'merged ID' or 'rejected REASON'. --wait waits for its end.
        list     what waits, runs, was taken in by broader work, or is a dead letter
        show     the same for one address
        retry    tries a dead letter again, or what rests after a failed run at once
        drop     takes an address out of the queue and of the dead letters
        drain    takes nothing new and finishes what is there; 'resume' ends that

        --help   this text

        Exit codes: 0 done, 1 not (rejected, unknown address, no hub), 2 wrong words.

        """

    static func run(_ arguments: [String]) -> Int32 {
        let flags: Set<String> = ["--wait", "--json"]
        let (words, rest) = split(arguments, flags)
        do throws(NodeFailure) {
            let options = try NodeArguments(rest, known: ["--payload", "--class", "--limit", "--state"])
            if options.wantsHelp || words.isEmpty {
                print(help, terminator: "")
                return options.wantsHelp ? 0 : 2
            }
            let wishes = Set(arguments).intersection(flags)
            return try run(words, options, isJSON: wishes.contains("--json"), waits: wishes.contains("--wait"))
        } catch {
            Console.complain("hub jobs: \(error)")
            return 2
        }
    }

    /// The words that are no options, and the options without `flags`.
    private static func split(_ arguments: [String], _ flags: Set<String>) -> ([String], [String]) {
        var (words, rest): ([String], [String]) = ([], [])
        var iterator = arguments.makeIterator()
        while let argument = iterator.next() {
            if flags.contains(argument) { continue }
            guard argument.hasPrefix("-") else {
                words.append(argument)
                continue
            }
            rest.append(argument)
            if !argument.contains("="), argument != "--help", argument != "-h", let value = iterator.next() {
                rest.append(value)
            }
        }
        return (words, rest)
    }

    private static func run(
        _ words: [String], _ options: NodeArguments, isJSON: Bool, waits: Bool
    ) throws(NodeFailure) -> Int32 {
        let address = words.count == 3 ? JobAddress(words[1], words[2]) : JobAddress("", "")
        let needsAddress = ["submit", "show", "retry", "drop"].contains(words[0])
        guard words.count == (needsAddress ? 3 : 1) else {
            throw NodeFailure("'\(words[0])' needs \(needsAddress ? "a kind and a key" : "no other words")")
        }
        let folder = options["--state"] ?? ".switchback"
        if words[0] == "submit" {
            return try JobSubmission.run(address, options, folder, isJSON: isJSON, waits: waits)
        }
        let verbs: [String: JobVerb] = [
            "list": .list, "show": .show, "retry": .retry, "drop": .drop, "drain": .drain, "resume": .resume,
        ]
        guard let verb = verbs[words[0]] else { throw NodeFailure("there is no 'hub jobs \(words[0])'") }
        guard let limit = Int(options["--limit"] ?? "100"), (1...100_000).contains(limit) else {
            throw NodeFailure("--limit: write a number from 1 to 100000")
        }
        let caller = try JobCaller(stateFolder: folder)
        caller.say(.command(number: 1, verb, address, limit: limit))
        guard case .report(_, let text) = try caller.next(withinMilliseconds: 10_000) else {
            throw NodeFailure("the hub answered something else")
        }
        guard !text.isEmpty else {
            Console.complain("hub jobs: there is no job \(address)")
            return 1
        }
        if !isJSON, let report = JSON.decode(JobListReport.self, text.utf8) {
            print(JobsTable.text(report), terminator: "")
        } else {
            Console.say(text)
        }
        return 0
    }
}
