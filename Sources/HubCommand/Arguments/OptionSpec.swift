/// One flag of a subcommand: how it is written and what it is for. The help and the parser read the same table.
package struct OptionSpec: Sendable, Equatable {
    package enum Shape: Sendable, Equatable {
        /// Stands alone.
        case flag
        /// Takes one value; the word is shown for it in the help. Given twice is a mistake.
        case value(String)
        /// As `value`, as often as wanted.
        case list(String)
    }

    /// Without the dashes.
    package let name: String
    package let shape: Shape
    package let help: String

    package init(_ name: String, _ shape: Shape, _ help: String) {
        self.name = name
        self.shape = shape
        self.help = help
    }

    /// `--listen ADDRESS`.
    package var usage: String {
        switch shape {
        case .flag: "--\(name)"
        case .value(let word), .list(let word): "--\(name) \(word)"
        }
    }
}

/// One subcommand.
package struct CommandSpec: Sendable, Equatable {
    package let name: String
    package let summary: String
    /// What the help says below the flags: exit codes, environment, an example.
    package let discussion: String
    package let options: [OptionSpec]
    /// The one word that stands without dashes, as the help shows it; nil if there is none.
    package let operand: String?
    /// Not listed: for the hub's own use.
    package let isInternal: Bool

    package init(
        _ name: String, _ summary: String, operand: String? = nil, options: [OptionSpec], discussion: String = "",
        isInternal: Bool = false
    ) {
        self.operand = operand
        self.name = name
        self.summary = summary
        self.options = options
        self.discussion = discussion
        self.isInternal = isInternal
    }
}
