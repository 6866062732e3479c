/// What `bench ingest` is to measure, from its flags.
struct IngestOptions {
    var clients = 100
    var perRead = 16
    var bytes = 64
    var sessions = 8_000
    var pairs = 15
    var rounds = 200
    var wantsInstructions = false
    var wantsJSON = false
    var wantsHelp = false

    static let help = """
        hub bench ingest: what an input costs between the socket and the application, in memory

        Usage: hub bench ingest [flags]

        Flags:
          --clients N       Connections at the front, 1 to 10000. Default: 100.
          --per-read N      WebSocket messages in one read, 1 to 256. Default: 16.
          --bytes N         Size of an input, 1 to 1000. Default: 64.
          --sessions N      Sessions at the back, 1 to 100000. Default: 8000.
          --pairs N         Pairs of runs, the product and plain C in turn, 1 to 100. Default: 15.
          --rounds N        Rounds in a run: one read of each client, or one credit of the link. Default: 200.
          --instructions    Also count instructions, one by one; that takes a moment.
          --json            Print the result as JSON.
          --help            Show this page.

        The front: masked WebSocket messages with one input each, read, checked, routed, appended to the batch of the link,
        and the batch framed for the trunk. Plain C does the same; both must make the same bytes.
        The trunk: batches into the inbox of a channel, one tick for each credit of its link (1 MiB), and every input seen by
        the application.
        Times are the thread's CPU time. Exit codes: 0 measured, 1 the sides disagree, 2 wrong flags.

        """

    init(_ arguments: [String]) throws(BenchFailure) {
        var flags = FlagReader(arguments, of: "ingest")
        while let flag = flags.next() {
            switch flag {
            case "--help", "-h": wantsHelp = true
            case "--json": wantsJSON = true
            case "--instructions": wantsInstructions = true
            case "--clients": clients = try flags.whole(1...10_000)
            case "--per-read": perRead = try flags.whole(1...256)
            case "--bytes": bytes = try flags.whole(1...1000)
            case "--sessions": sessions = try flags.whole(1...100_000)
            case "--pairs": pairs = try flags.whole(1...100)
            case "--rounds": rounds = try flags.whole(1...1_000_000)
            default: throw flags.unknown
            }
        }
        guard clients * perRead * (bytes + 16) < 500_000 else {
            throw BenchFailure(
                "one round of --clients × --per-read × --bytes must stay below half a link's credit, 512 KiB")
        }
    }
}
