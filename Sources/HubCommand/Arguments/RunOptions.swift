import Core
import Hub
import Loop

/// Makes the hub's options of flags, a configuration file and the environment, in this order of precedence.
package enum RunOptions {
    /// What is wrong: in the flags, or at a place of the configuration file. Either exits with 2.
    package enum Mistake: Error, CustomStringConvertible {
        case flag(ArgumentMistake)
        case file(ConfigurationError)

        package var description: String {
            switch self {
            case .flag(let mistake): mistake.description
            case .file(let error): error.description
            }
        }
    }

    /// - Parameters:
    ///   - entries: of the configuration file; empty without one.
    ///   - listenDefault: HUB_LISTEN of the environment.
    package static func make(
        _ arguments: ParsedArguments, _ entries: [ConfigurationEntry], listenDefault: String?
    ) throws(Mistake) -> HubOptions {
        var options = HubOptions()
        var wish = PlacementWish()
        for entry in entries {
            guard let spec = Commands.run.options.first(where: { $0.name == entry.key && $0.name != "config" }) else {
                let names = Commands.run.options.map(\.name).filter { $0 != "config" }
                let meant = Spelling.nearest(to: entry.key, among: names)
                throw .file(
                    entry.error("there is no setting '\(entry.key)'" + (meant.map { "; did you mean '\($0)'?" } ?? "")))
            }
            guard spec.isList || entry.values.count == 1 else {
                throw .file(entry.error("'\(entry.key)' takes one value"))
            }
            guard !arguments.has(entry.key) else { continue }
            do throws(ArgumentMistake) {
                if try wish.take(entry.values, of: entry.key) { continue }
                let values = entry.key == "back" && entry.shape == .mapping ? try numbered(entry) : entry.values
                try apply(values, to: entry.key, &options)
            } catch {
                throw .file(entry.error(error.description))
            }
        }
        for spec in Commands.run.options where arguments.has(spec.name) && spec.name != "config" {
            do throws(ArgumentMistake) {
                if try wish.take(arguments.all(spec.name), of: spec.name) { continue }
                try apply(arguments.all(spec.name), to: spec.name, &options)
            } catch {
                throw .flag(error)
            }
        }
        try wish.settle(&options, entries.filter { !arguments.has($0.key) })
        if options.listen.isEmpty { options.listen = [listenDefault ?? "127.0.0.1:8080"] }
        return options
    }

    /// The commands of a mapping from number to command, which has to go from 1 upwards without a gap.
    private static func numbered(_ entry: ConfigurationEntry) throws(ArgumentMistake) -> [String] {
        let pairs = entry.values.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return try (1...pairs.count).map { (number) throws(ArgumentMistake) in
            guard let pair = pairs.first(where: { $0[0] == "\(number)" || $0[0] == "back-\(number)" }), pair.count == 2
            else {
                throw .badValue(
                    option: "back", value: pairs.map { $0[0] }.joined(separator: ", "),
                    wanted: "the numbers of \(pairs.count) backs from 1 upwards: there is no \(number)")
            }
            return pair[1]
        }
    }

    private static func seconds(_ text: String, _ option: String) throws(ArgumentMistake) -> Int {
        guard let duration = TimeText.duration(text), (.seconds(1) ... .seconds(3600)).contains(duration) else {
            throw .badValue(option: option, value: text, wanted: "a time from 1s to 1h, as 20s or 2m")
        }
        return Int(duration.components.seconds)
    }

    private static func apply(
        _ values: [String], to name: String, _ options: inout HubOptions
    ) throws(ArgumentMistake) {
        let last = values.last ?? ""
        switch name {
        case "listen": options.listen = values
        case "fronts":
            guard let count = Int(last), (0...HubLimits.processCount).contains(count) else {
                throw .badValue(option: name, value: last, wanted: "a number from 0 to \(HubLimits.processCount)")
            }
            options.frontCount = count
        case "back": options.backs = values
        case "front":
            do { options.front = try ProcessCommand(parsing: last) } catch {
                throw .badValue(option: name, value: last, wanted: "a command: \(error)")
            }
        case "files":
            for value in values {
                let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].hasPrefix("/"), !parts[1].isEmpty, !value.contains("\n") else {
                    throw .badValue(option: name, value: value, wanted: "PREFIX=FOLDER, as /=web")
                }
            }
            options.files = values
        case "allow-origin":
            for value in values where !value.contains("://") || value.contains("\n") {
                throw .badValue(option: name, value: value, wanted: "an origin, as https://example.org")
            }
            options.allowedOrigins = values
        case "message-limit":
            guard let byteCount = Int(last), (1...HubLimits.messageLimitBytes).contains(byteCount) else {
                throw .badValue(
                    option: name, value: last, wanted: "a number of bytes from 1 to \(HubLimits.messageLimitBytes)")
            }
            options.messageLimit = byteCount
        case "ping-period": options.pingPeriod = try seconds(last, name)
        case "slow-client": options.slowClient = try seconds(last, name)
        case "jobs":
            for value in values {
                do throws(JobDeclaration.Invalid) { _ = try JobDeclaration.kind(value) } catch {
                    throw .badValue(option: name, value: value, wanted: "\(error)")
                }
            }
            options.jobs = values
        case "job-limit":
            guard let count = Int(last), (1...1_000_000).contains(count) else {
                throw .badValue(option: name, value: last, wanted: "a number from 1 to 1000000")
            }
            options.jobLimit = count
        case "node":
            for value in values where !NodeCredential.isName(value) {
                throw .badValue(
                    option: name, value: value,
                    wanted: "a name of letters, digits, '-', '_' and '.', at most \(NodeCredential.nameLimit)")
            }
            guard values.count <= NodeGate.nodeLimit else {
                throw .badValue(option: name, value: "\(values.count)", wanted: "at most \(NodeGate.nodeLimit) names")
            }
            options.nodes = values
        case "worker": options.workers = values
        case "runtime": options.runtimeFolder = last
        case "state": options.stateFolder = last
        case "log-level":
            guard let level = Log.Level(last) else {
                throw .badValue(option: name, value: last, wanted: "debug, info, warning or error")
            }
            options.logLevel = level
        default: break
        }
    }
}
