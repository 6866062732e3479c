/// What a process is for. The name is what SWITCHBACK_ROLE and the announcement say.
package enum ProcessRole: String, Sendable, Codable, Hashable {
    case front, back, worker
}

/// A process that should exist.
package struct ProcessSpec: Sendable, Equatable {
    package var role: ProcessRole
    /// `front-1`, `back-2`: unique in the cluster, the same over restarts.
    package var name: String
    package var command: ProcessCommand

    package init(role: ProcessRole, name: String, command: ProcessCommand) {
        self.role = role
        self.name = name
        self.command = command
    }
}

/// An executable and its arguments.
package struct ProcessCommand: Sendable, Equatable, CustomStringConvertible {
    package var executable: String
    package var arguments: [String]

    package init(executable: String, arguments: [String] = []) {
        self.executable = executable
        self.arguments = arguments
    }

    /// Why a command line is none.
    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case empty
        case openQuote(Character)
        case trailingBackslash

        package var description: String {
            switch self {
            case .empty: "the command is empty"
            case .openQuote(let quote): "a \(quote) is never closed"
            case .trailingBackslash: "a backslash stands at the end"
            }
        }
    }

    /// From one line: words separated by spaces, with '…', "…" and \ as a shell reads them. Nothing is expanded.
    package init(parsing line: String) throws(Invalid) {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            switch (isEscaped, quote, character) {
            case (true, _, _):
                word = (word ?? "") + String(character)
                isEscaped = false
            case (_, let open?, _) where character == open: quote = nil
            case (_, "'", _): word = (word ?? "") + String(character)
            case (_, _, "\\"): isEscaped = true
            case (_, .some, _): word = (word ?? "") + String(character)
            case (_, nil, "'"), (_, nil, "\""):
                quote = character
                word = word ?? ""
            case (_, nil, " "), (_, nil, "\t"):
                if let whole = word { words.append(whole) }
                word = nil
            case (_, nil, _): word = (word ?? "") + String(character)
            }
        }
        if let quote { throw .openQuote(quote) }
        if isEscaped { throw .trailingBackslash }
        if let word { words.append(word) }
        guard let executable = words.first, !executable.isEmpty else { throw .empty }
        self.init(executable: executable, arguments: Array(words.dropFirst()))
    }

    package var description: String { ([executable] + arguments).joined(separator: " ") }
}

/// A live process as the table in the runtime folder remembers it, so that the next hub adopts it.
package struct ProcessRecord: Sendable, Equatable, Codable {
    package var role: ProcessRole
    package var name: String
    package var pid: Int32
    /// Clock ticks from the machine's start, from /proc/PID/stat: tells a process from a later one with the same number.
    package var startTime: UInt64
    /// As a decimal string; backs only.
    package var epoch: String?
    package var families: [String]
    /// Where it takes trunks; backs only.
    package var address: String?

    package init(
        role: ProcessRole, name: String, pid: Int32, startTime: UInt64, epoch: Epoch?, families: [String],
        address: String? = nil
    ) {
        self.role = role
        self.name = name
        self.pid = pid
        self.startTime = startTime
        self.epoch = epoch.map { "\($0)" }
        self.families = families
        self.address = address
    }
}

/// How a process ended.
package enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)
    /// It was not our child, so nobody told us.
    case unknown

    /// It ended itself: a failed check, bad memory, an abort. Behind a shell script the code is 128 and the signal.
    package var isTrap: Bool {
        let number: Int32 =
            switch self {
            case .code(let code): code - 128
            case .signal(let number): number
            case .unknown: 0
            }
        // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV; SIGKILL and SIGTERM come from outside.
        return [4, 5, 6, 7, 8, 11].contains(number)
    }

    /// It ended as it should: by itself, with nothing to complain about. Unknown ends are taken for such.
    package var isGood: Bool { self == .code(0) || self == .unknown }

    package var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        case .unknown: "unknown"
        }
    }
}
