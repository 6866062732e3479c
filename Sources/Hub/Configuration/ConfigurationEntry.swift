/// One setting of a configuration file, and where it stands.
package struct ConfigurationEntry: Sendable, Equatable {
    package var key: String
    /// One for a plain value, one an item for a sequence; for a mapping `key=value` each.
    package var values: [String]
    /// Whether the values were written as a mapping.
    package var shape = Shape.list
    /// Where each value stands.
    package var places: [Place] = []
    /// From 1, as editors count.
    package var line: Int
    package var column: Int
    package var file: String

    package init(key: String, values: [String], line: Int, column: Int, file: String = "configuration") {
        self.file = file
        self.key = key
        self.values = values
        self.line = line
        self.column = column
    }

    package enum Shape: Sendable, Equatable {
        case list, mapping
    }

    package struct Place: Sendable, Equatable {
        package var line: Int
        package var column: Int
    }

    /// A complaint about one of the values.
    package func error(_ reason: String, at value: Int) -> ConfigurationError {
        guard value < places.count else { return error(reason) }
        return ConfigurationError(
            file: file, line: places[value].line, column: places[value].column, reason: reason)
    }

    /// A complaint about this setting.
    package func error(_ reason: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, column: column, reason: reason)
    }
}

/// Why a configuration file was not understood, and where.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int
    package var reason: String

    package init(file: String, line: Int, column: Int, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    package var description: String { "\(file):\(line):\(column): \(reason)" }
}
