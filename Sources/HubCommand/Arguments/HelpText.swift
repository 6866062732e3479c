/// The help pages, made from the same table that the parser reads.
package enum HelpText {
    /// The page of one subcommand.
    package static func page(_ command: CommandSpec) -> String {
        let options = command.options + [OptionSpec("help", .flag, "Show this page.")]
        var text = "hub \(command.name): \(command.summary)\n\nUsage: hub \(command.name)"
        if let operand = command.operand { text += " \(operand)" }
        text += command.options.isEmpty ? "\n" : " [flags]\n"
        text += "\nFlags:\n" + columns(options.map { ($0.usage + ($0.isList ? " …" : ""), $0.help) })
        if !command.discussion.isEmpty { text += "\n\(command.discussion)\n" }
        return text
    }

    /// The page of all subcommands.
    package static func overview(_ commands: [CommandSpec]) -> String {
        """
        hub: runs and watches a Switchback cluster on this host

        Usage: hub SUBCOMMAND [flags]

        Subcommands:
        \(columns(commands.filter { !$0.isInternal }.map { ($0.name, $0.summary) }))
        Flags:
        \(columns([("--help", "Show this page; after a subcommand, its own."), ("--version", "Show the version.")]))
        """
    }

    /// Two columns, the right one wrapped at 100 characters.
    static func columns(_ rows: [(String, String)]) -> String {
        let indent = min(28, (rows.map(\.0.count).max() ?? 0) + 4)
        var text = ""
        for (left, right) in rows {
            var line = "  " + left
            if line.count + 2 > indent {
                text += line + "\n"
                line = ""
            }
            line += String(repeating: " ", count: indent - line.count)
            for word in right.split(separator: " ") {
                if line.count + word.count > 100 {
                    text += trimmed(line) + "\n"
                    line = String(repeating: " ", count: indent)
                }
                line += word + " "
            }
            text += trimmed(line) + "\n"
        }
        return text
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}

extension OptionSpec {
    /// It may be given more than once.
    package var isList: Bool {
        switch shape {
        case .list: true
        case .flag, .value: false
        }
    }
}
