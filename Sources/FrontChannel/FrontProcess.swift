import Core
import Glibc
import Loop
import Node
import State

/// A process that holds clients: it takes them from the public listener, links to the backs, and serves until it is told to stop.
public enum FrontProcess {
    /// Runs the front. Started by `hub run` it gets its listener and the list of backs from the hub; started by hand it takes
    /// them from the command line (`--listen`, `--back`, `--key-file`; `--help` lists them).
    ///
    /// A front that cannot start says why in one line and ends the process with 2.
    ///
    /// - Parameter arguments: the command line without the program's name; a program with arguments of its own passes what it
    ///   leaves.
    public static func run(
        arguments: [String] = Array(CommandLine.arguments.dropFirst()),
        _ configure: @Sendable (inout FrontSetup) -> Void = { _ in }
    ) async throws {
        do {
            try await serve(arguments: arguments, configure)
        } catch {
            ProcessEnd.complain("front: \(error)")
        }
    }

    package static func serve(arguments: [String], _ configure: @Sendable (inout FrontSetup) -> Void = { _ in })
        async throws
    {
        var setup = FrontSetup()
        configure(&setup)
        if let problem = setup.problem { throw NodeFailure(problem) }
        guard let place = try FrontPlace.find(arguments) else { return }
        if let text = NodeEnvironment.value("SWITCHBACK_FILES") {
            for line in text.split(separator: "\n") {
                guard let mount = FileMount(String(line)) else {
                    throw NodeFailure("'\(line)' is not PREFIX=FOLDER, as /=web")
                }
                setup.files.append(mount)
            }
        }
        if let text = NodeEnvironment.value("SWITCHBACK_ALLOW_ORIGIN") {
            setup.allowedOrigins = text.split(separator: "\n").map(String.init)
        }
        if let text = NodeEnvironment.value("SWITCHBACK_MESSAGE_LIMIT") {
            guard let byteCount = Int(text), byteCount > 0 else {
                throw NodeFailure("SWITCHBACK_MESSAGE_LIMIT is '\(text)', which is no number of bytes")
            }
            setup.messages(upTo: byteCount)
        }
        if let seconds = try Self.seconds("SWITCHBACK_PING_PERIOD") {
            setup.asksSilentClients(after: .seconds(seconds))
        }
        if let seconds = try Self.seconds("SWITCHBACK_SLOW_CLIENT") {
            setup.closesSlowClients(after: .seconds(seconds))
        }
        if let text = NodeEnvironment.value("SWITCHBACK_NODES") {
            setup.nodes = text.split(separator: "\n").map(String.init)
        }
        let ready = setup
        let failure: NodeFailure? = await withCheckedContinuation { continuation in
            do {
                _ = try LoopThread { continuation.resume(returning: serve(place, ready)) }
            } catch {
                continuation.resume(returning: NodeFailure("no thread for the loop: \(error)"))
            }
        }
        if let failure { throw failure }
    }

    private static func seconds(_ variable: String) throws -> Int? {
        guard let text = NodeEnvironment.value(variable) else { return nil }
        guard let seconds = Int(text), seconds > 0 else {
            throw NodeFailure("\(variable) is '\(text)', which is no number of seconds")
        }
        return seconds
    }

    private static func serve(_ place: FrontPlace, _ setup: FrontSetup) -> NodeFailure? {
        do {
            let loop = try EventLoop()
            let shell = FrontShell(loop, place.environment, setup)
            try shell.start(listen: place.listen, backs: place.backs, signals: [SIGINT, SIGTERM])
            loop.run()
            return nil
        } catch {
            return NodeFailure("\(error)")
        }
    }
}

/// Where a front process finds itself.
struct FrontPlace: Sendable {
    var environment: NodeEnvironment
    /// Its own listener, when no hub gives one.
    var listen: SocketAddress?
    /// Backs that it was told of, when no hub does.
    var backs: [SocketAddress] = []

    static let help = """
        USAGE: FRONT --listen ADDRESS --back ADDRESS [--back …] --key-file FILE [--name NAME]

        A Switchback front process: it holds clients and links them to back channels.
        Started by `hub run` it needs no options. On its own:

          --listen ADDRESS   where clients connect (default 127.0.0.1:8080)
          --back ADDRESS     a back process; repeat for more
          --key-file FILE    the cluster key, 64 hex digits (needed without a hub)
          --name NAME        its name in the cluster (default front-1)
          --help             this text

        """

    /// Nil if only help was wanted, which is printed.
    static func find(_ arguments: [String]) throws -> FrontPlace? {
        let options = try NodeArguments(arguments, known: ["--listen", "--back", "--key-file", "--name"])
        if options.wantsHelp {
            print(help, terminator: "")
            return nil
        }
        if let environment = try NodeEnvironment.fromHub() { return FrontPlace(environment: environment) }
        guard let keyFile = options["--key-file"] else {
            throw NodeFailure("no hub started this process (SWITCHBACK_HUB is not set): give --key-file and --back")
        }
        let environment = NodeEnvironment(
            name: options["--name"] ?? "front-1", key: try NodeEnvironment.key(inFile: keyFile),
            lifeline: NodeEnvironment.lifeline)
        let backs = try options.all("--back").map(address)
        guard !backs.isEmpty else { throw NodeFailure("--back ADDRESS is missing: no hub says where the backs are") }
        return FrontPlace(
            environment: environment, listen: try address(options["--listen"] ?? "127.0.0.1:8080"), backs: backs)
    }

    static func address(_ text: String) throws -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw NodeFailure("'\(text)' is no address: write 127.0.0.1:8080, [::1]:8080 or unix:/path")
        }
        return address
    }
}
