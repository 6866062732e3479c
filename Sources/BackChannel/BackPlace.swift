import Core
import Glibc
import Loop
import Node

/// Where a back process finds itself: under a hub, on its own, or only asked for help.
enum BackPlace {
    case serve(NodeEnvironment, listen: SocketAddress)
    case helped

    static let help = """
        USAGE: BACK [--listen ADDRESS] [--key-file FILE] [--name NAME] [--epoch-file FILE]

        A Switchback back process: it owns the channels that its program declares.
        Started by `hub run --back PROGRAM` it needs no options. On its own:

          --listen ADDRESS    where fronts connect, as 127.0.0.1:7000 (default 127.0.0.1:0, any free port)
          --key-file FILE     the cluster key, 64 hex digits (needed without a hub)
          --name NAME         its name in the cluster (default back-1)
          --epoch-file FILE   where its own epoch counter is kept (default back-1.epoch beside the key file)
          --help              this text

        """

    static func find(_ arguments: [String]) throws -> BackPlace {
        let options = try NodeArguments(
            arguments, known: ["--listen", "--key-file", "--name", "--epoch-file"])
        if options.wantsHelp {
            print(help, terminator: "")
            return .helped
        }
        let anyPort = try address(options["--listen"] ?? "127.0.0.1:0")
        if let environment = try NodeEnvironment.fromHub() { return .serve(environment, listen: anyPort) }
        guard let keyFile = options["--key-file"] else {
            throw NodeFailure(
                "no hub started this process (SWITCHBACK_HUB is not set): give --key-file FILE, or start it with hub run --back"
            )
        }
        let name = options["--name"] ?? "back-1"
        let epochFile = options["--epoch-file"] ?? folder(of: keyFile) + "/\(name).epoch"
        let environment = NodeEnvironment(
            name: name, key: try NodeEnvironment.key(inFile: keyFile),
            epoch: try EpochFile.next(epochFile), lifeline: NodeEnvironment.lifeline)
        return .serve(environment, listen: anyPort)
    }

    private static func address(_ text: String) throws -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw NodeFailure("'\(text)' is no address: write 127.0.0.1:7000, [::1]:7000 or unix:/path")
        }
        return address
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
