import Glibc
import Hub

/// `hub run`: flags, configuration file and environment become options, and the hub runs until it is stopped.
enum RunCommand {
    static func run(_ arguments: ParsedArguments) -> Int32 {
        let listen = getenv("HUB_LISTEN").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        let options: HubOptions
        do {
            let path = arguments.last("config")
            let entries = try path.map(read) ?? []
            options = try RunOptions.make(arguments, entries, listenDefault: listen)
        } catch {
            Console.complain("hub: \(error)")
            return 2
        }
        return HubProcess.run(options)
    }

    private static func read(_ path: String) throws -> [ConfigurationEntry] {
        guard let bytes = try Files.read(path) else { throw FileError("there is no configuration file \(path)") }
        return try ConfigurationFile.read(String(decoding: bytes, as: UTF8.self), from: path)
    }
}
