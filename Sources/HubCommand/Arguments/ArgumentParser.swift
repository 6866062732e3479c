/// What a command line asked for.
package enum Invocation: Sendable, Equatable {
    case run(command: String, ParsedArguments)
    /// The help of one subcommand, or of all.
    case help(command: String?)
    case version
}

/// The values that were given, by the names of their flags.
package struct ParsedArguments: Sendable, Equatable {
    package private(set) var values: [String: [String]] = [:]
    /// The word that stands without dashes.
    package internal(set) var operand: String?

    package init(_ values: [String: [String]] = [:]) { self.values = values }

    package func has(_ name: String) -> Bool { values[name] != nil }
    package func all(_ name: String) -> [String] { values[name] ?? [] }
    package func last(_ name: String) -> String? { values[name]?.last }

    mutating func add(_ value: String?, to name: String) {
        values[name, default: []] += value.map { [$0] } ?? []
    }
}

/// Why a command line is not understood. The description says what to write instead; the process exits with 2.
package enum ArgumentMistake: Error, Equatable, Sendable, CustomStringConvertible {
    case noCommand
    case unknownCommand(String, meant: String?)
    case unknownOption(String, meant: String?, command: String)
    case missingValue(OptionSpec)
    case needlessValue(String)
    case givenTwice(String)
    case unexpected(String, command: String)
    case badValue(option: String, value: String, wanted: String)
    case missing(OptionSpec, command: String)
    case missingOperand(String, command: String)
    /// A channel that cannot be owned as asked.
    case misplaced(String)

    package var description: String {
        switch self {
        case .noCommand: "which subcommand? 'hub --help' lists them"
        case .unknownCommand(let word, let meant?): "there is no subcommand '\(word)'; did you mean '\(meant)'?"
        case .unknownCommand(let word, nil): "there is no subcommand '\(word)'; 'hub --help' lists them"
        case .unknownOption(let word, let meant?, _): "there is no flag '\(word)'; did you mean '--\(meant)'?"
        case .unknownOption(let word, nil, let command):
            "there is no flag '\(word)'; 'hub \(command) --help' lists them"
        case .missingValue(let option): "--\(option.name) needs a value; write '\(option.usage)'"
        case .needlessValue(let name): "--\(name) takes no value"
        case .givenTwice(let name): "--\(name) is given twice"
        case .unexpected(let word, let command):
            "'\(word)' is not a flag; 'hub \(command) --help' shows what can be written"
        case .badValue(let option, let value, let wanted): "--\(option): '\(value)' is not \(wanted)"
        case .misplaced(let words): words
        case .missingOperand(let word, let command):
            "which? write 'hub \(command) \(word)'; 'hub \(command) --help' shows more"
        case .missing(let option, let command): "hub \(command) needs '\(option.usage)'"
        }
    }
}

/// Reads command lines against a table of subcommands. Pure: it looks at nothing but its arguments.
package struct ArgumentParser: Sendable {
    package let commands: [CommandSpec]

    package init(_ commands: [CommandSpec]) { self.commands = commands }

    package func command(named name: String) -> CommandSpec? { commands.first { $0.name == name } }

    /// - Parameter arguments: without the program's own name.
    package func parse(_ arguments: [String]) throws(ArgumentMistake) -> Invocation {
        guard let first = arguments.first else { throw .noCommand }
        switch first {
        case "--help", "-h", "help":
            guard arguments.count > 1, let topic = command(named: arguments[1]) else { return .help(command: nil) }
            return .help(command: topic.name)
        case "--version": return .version
        default: break
        }
        guard let command = command(named: first) else {
            if first.hasPrefix("-") { throw .noCommand }
            let names = commands.filter { !$0.isInternal }.map(\.name)
            throw .unknownCommand(first, meant: Spelling.nearest(to: first, among: names))
        }
        return try parse(Array(arguments.dropFirst()), of: command)
    }

    private func parse(_ arguments: [String], of command: CommandSpec) throws(ArgumentMistake) -> Invocation {
        if arguments.contains("--help") || arguments.contains("-h") { return .help(command: command.name) }
        if arguments.contains("--version") { return .version }
        var parsed = ParsedArguments()
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if !word.hasPrefix("-"), command.operand != nil, parsed.operand == nil {
                parsed.operand = word
                continue
            }
            guard word.hasPrefix("-"), word != "-" else { throw .unexpected(word, command: command.name) }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = String(parts[0].drop { $0 == "-" })
            guard parts[0].hasPrefix("--"), let option = command.options.first(where: { $0.name == name }) else {
                let names = command.options.map(\.name)
                throw .unknownOption(
                    parts[0], meant: Spelling.nearest(to: name, among: names), command: command.name)
            }
            switch option.shape {
            case .flag:
                guard parts.count == 1 else { throw .needlessValue(name) }
                parsed.add(nil, to: name)
            case .value:
                guard !parsed.has(name) else { throw .givenTwice(name) }
                parsed.add(try Self.value(of: option, parts, &rest), to: name)
            case .list: parsed.add(try Self.value(of: option, parts, &rest), to: name)
            }
        }
        if let operand = command.operand, parsed.operand == nil {
            throw .missingOperand(operand, command: command.name)
        }
        return .run(command: command.name, parsed)
    }

    private static func value(
        of option: OptionSpec, _ parts: [String], _ rest: inout ArraySlice<String>
    ) throws(ArgumentMistake) -> String {
        if parts.count == 2 { return parts[1] }
        guard let next = rest.first, !next.hasPrefix("--") else { throw .missingValue(option) }
        return rest.removeFirst()
    }
}
