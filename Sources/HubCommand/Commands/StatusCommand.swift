import Core
import Glibc
import Hub
import Loop

/// `hub status`: asks the public listener, as anybody on this host could with curl, and prints a table or the JSON as it came.
enum StatusCommand {
    static func run(_ arguments: ParsedArguments) async -> Int32 {
        let said = arguments.last("hub") ?? getenv("HUB_LISTEN").map { String(cString: $0) } ?? "127.0.0.1:8080"
        guard let address = SocketAddress(said.hasPrefix("http://") ? trimmed(said) : said) else {
            Console.complain("hub: --hub: '\(said)' is not an address; write 127.0.0.1:8080")
            return 2
        }
        do {
            let body = try HTTPFetch.get("/status.json", from: address)
            if arguments.has("json") {
                Console.say(String(decoding: body, as: UTF8.self))
                return 0
            }
            guard let status = JSON.decode(HubStatus.self, body) else {
                Console.say("a front answered, but it has no hub: this is what it knows by itself")
                Console.say(String(decoding: body, as: UTF8.self))
                return 0
            }
            print(StatusTable.text(status), terminator: "")
            return 0
        } catch {
            Console.complain(
                "hub: \(address): \(error); is a hub running there? 'hub run --listen \(address)' starts one")
            return 1
        }
    }

    private static func trimmed(_ url: String) -> String {
        let rest = url.dropFirst("http://".count)
        return String(rest.prefix { $0 != "/" })
    }
}
