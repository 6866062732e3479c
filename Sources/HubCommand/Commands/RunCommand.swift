import Glibc
import Hub

/// `hub run`: flags, configuration file and environment become options, and the hub runs until it is stopped.
enum RunCommand {
    static func run(_ arguments: ParsedArguments) -> Int32 {
        var entries: [ConfigurationEntry] = []
        if let path = arguments.last("config") {
            do {
                guard let bytes = try Files.read(path) else {
                    Console.complain("hub: there is no configuration file \(path)")
                    return 2
                }
                entries = try ConfigurationFile.read(String(decoding: bytes, as: UTF8.self))
            } catch {
                Console.complain("hub: \(path): \(error)")
                return 2
            }
        }
        do {
            let listen = getenv("HUB_LISTEN").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
            return HubProcess.run(try RunOptions.make(arguments, entries, listenDefault: listen))
        } catch {
            Console.complain("hub: \(error)")
            return 2
        }
    }
}
