/// The table of all subcommands.
package enum Commands {
    package static let all = [run, status, drain, start, jobs, worker, bench, front]

    package static let run = CommandSpec(
        "run", "start a hub, its fronts and the application's backs",
        options: [
            OptionSpec(
                "listen", .list("ADDRESS"),
                "Where clients connect, as 127.0.0.1:8080 or [::1]:8080; port 0 takes any. Default: HUB_LISTEN from the environment, else 127.0.0.1:8080."
            ),
            OptionSpec("fronts", .value("N"), "How many fronts to run. Default: 1."),
            OptionSpec(
                "back", .list("EXECUTABLE"),
                "A back to run. May hold arguments, separated by spaces and quoted as for a shell."),
            OptionSpec("backs", .value("N"), "How many backs to run of the one --back that is given. Default: 1."),
            OptionSpec(
                "channel", .list("CHANNEL"),
                "A channel with a fixed owner: all that are given are dealt to the backs in turn."),
            OptionSpec("place", .list("CHANNEL=BACK"), "A channel that this back owns, as arena/1=back-2."),
            OptionSpec("front", .value("EXECUTABLE"), "What to run as a front. Default: the standard front."),
            OptionSpec(
                "files", .list("PREFIX=FOLDER"), "Serve the files of a folder below a path, as /=web."),
            OptionSpec(
                "allow-origin", .list("ORIGIN"),
                "Let pages of this origin connect, as https://example.org; the fronts' own origin always may."),
            OptionSpec(
                "message-limit", .value("BYTES"),
                "The longest WebSocket message that a client may send, 1 to 67108864. Default: 262144."),
            OptionSpec(
                "ping-period", .value("TIME"),
                "How long a client may be silent before it is asked; it has half of that to answer. Default: 20s."),
            OptionSpec(
                "slow-client", .value("TIME"),
                "How long a client may take no byte of what waits for it before it is closed. Default: 2m."),
            OptionSpec("config", .value("FILE"), "Read flags from a YAML file; flags given here win."),
            OptionSpec(
                "worker", .list("EXECUTABLE"), "A worker for page jobs, as 'hub worker --kind page --exec ./build'."),
            OptionSpec(
                "jobs", .list("KIND=SHAPE"),
                "Declare a kind of page jobs, as 'page=/{board}/{page} page within:pages delay:30s limit:30s'."),
            OptionSpec(
                "job-limit", .value("N"),
                "Page jobs that may wait or run; beyond it a request is merged upward or refused. Default: 100000."),
            OptionSpec(
                "node", .list("NAME"),
                "A node elsewhere that may ask the fronts for jobs (POST /takeMessage.js); without any there is no such path."
            ),
            OptionSpec("runtime", .value("FOLDER"), "Sockets and the process table. Default: below XDG_RUNTIME_DIR."),
            OptionSpec("state", .value("FOLDER"), "The cluster key and epochs. Default: .switchback"),
            OptionSpec("log-level", .value("LEVEL"), "debug, info, warning or error. Default: info."),
        ],
        discussion: """
            Example: hub run --listen 127.0.0.1:8080 --fronts 2 --back .build/release/arena
            A configuration file has the same names: 'fronts: 2', 'listen: [127.0.0.1:8080]', 'files: {/: web}'.
            Ctrl-C stops the fronts, then the backs, then the hub; a second one kills them at once.
            Killed with -9, the hub leaves its processes running; started again, it takes them back.
            Exit codes: 0 stopped as asked, 1 could not start or failed, 2 wrong flags or configuration.
            """)

    package static let status = CommandSpec(
        "status", "show the processes, channels and clients of a running cluster",
        options: [
            OptionSpec(
                "hub", .value("ADDRESS"),
                "The public listener of the cluster, from the same machine. Default: HUB_LISTEN, else 127.0.0.1:8080."),
            OptionSpec("json", .flag, "Print the status as JSON."),
        ],
        discussion: "Exit codes: 0 answered, 1 nobody answered, 2 wrong flags.")

    private static let state = OptionSpec(
        "state", .value("FOLDER"), "The state folder of the hub. Default: .switchback")

    package static let drain = CommandSpec(
        "drain", "move the clients of a front to the others, then end it", operand: "FRONT",
        options: [
            OptionSpec("deadline", .value("TIME"), "How long that may take, as 30s, 500ms or 2m. Default: 30s."),
            OptionSpec("restart", .flag, "Start the front again when it has ended."),
            state,
        ],
        discussion: """
            Example: hub drain front-2 --deadline 30s
            The front takes no new clients. Those that it has are told to connect again, one after the other;
            they come back through the other fronts and nothing that they sent is lost. Then the front ends and
            stays away until 'hub start front-2', or until the hub itself is started anew.
            Exit codes: 0 every client was moved in time, 1 some were cut off, or it could not be done, 2 wrong flags.
            """)

    package static let start = CommandSpec(
        "start", "start a front again that was drained", operand: "FRONT", options: [state],
        discussion: "Exit codes: 0 it runs, 1 it could not be started, 2 wrong flags.")

    /// Listed here; they read their own words.
    package static let jobs = CommandSpec(
        "jobs", "submit, list, show, retry, drop and drain page jobs; 'hub jobs --help' says how", options: [])

    package static let worker = CommandSpec(
        "worker", "run a command for page jobs; 'hub worker --help' says how", options: [])

    package static let bench = CommandSpec(
        "bench", "measure this build on this machine; 'hub bench --help' lists the benchmarks", options: [])

    package static let front = CommandSpec(
        "front", "be a standard front; the hub starts these", options: [],
        discussion: "Takes everything from the environment that 'hub run' gives it.", isInternal: true)
}
