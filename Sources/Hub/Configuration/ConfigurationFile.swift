import CYAML

/// Reads a configuration file: one YAML mapping from setting to value, sequence of values, or mapping of values.
///
/// Strict on purpose: no anchors, no aliases, no nesting, no second document, no setting twice. Every complaint has its
/// line and column.
package enum ConfigurationFile {
    /// - Parameter file: what complaints call it.
    package static func read(
        _ text: String, from file: String = "configuration"
    ) throws(ConfigurationError) -> [ConfigurationEntry] {
        let parser = try YAMLEvents(Array(text.utf8), from: file)
        guard case .streamStart = try parser.next().kind else { return [] }
        guard case .documentStart = try parser.next().kind else { return [] }
        let root = try parser.next()
        var entries: [ConfigurationEntry] = []
        switch root.kind {
        case .mappingStart: entries = try settings(parser)
        case .scalar(let text) where text.isEmpty: break
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .scalar, .sequenceStart, .sequenceEnd, .mappingEnd:
            throw root.error("the file has to be a list of settings, as 'fronts: 2'")
        }
        _ = try parser.next()
        let end = try parser.next()
        guard case .streamEnd = end.kind else { throw end.error("only one document is read") }
        return entries
    }

    private static func settings(_ parser: YAMLEvents) throws(ConfigurationError) -> [ConfigurationEntry] {
        var entries: [ConfigurationEntry] = []
        while true {
            let key = try parser.next()
            if case .mappingEnd = key.kind { return entries }
            let name = try scalar(key, "the name of a setting")
            guard !entries.contains(where: { $0.key == name }) else { throw key.error("'\(name)' is given twice") }
            var entry = ConfigurationEntry(key: name, values: [], line: key.line, column: key.column, file: key.file)
            try fill(&entry, parser)
            entries.append(entry)
        }
    }

    private static func fill(_ entry: inout ConfigurationEntry, _ parser: YAMLEvents) throws(ConfigurationError) {
        let name = entry.key
        func add(_ value: String, _ event: YAMLEvents.Event) {
            entry.values.append(value)
            entry.places.append(ConfigurationEntry.Place(line: event.line, column: event.column))
        }
        let first = try parser.next()
        switch first.kind {
        case .scalar(let text):
            guard !text.isEmpty else { throw first.error("'\(name)' has no value") }
            add(text, first)
        case .sequenceStart:
            while true {
                let item = try parser.next()
                if case .sequenceEnd = item.kind { return }
                add(try scalar(item, "a value of '\(name)'"), item)
            }
        case .mappingStart:
            entry.shape = .mapping
            var names: [String] = []
            while true {
                let key = try parser.next()
                if case .mappingEnd = key.kind { return }
                let left = try scalar(key, "a value of '\(name)'")
                guard !names.contains(left) else { throw key.error("'\(left)' is given twice in '\(name)'") }
                names.append(left)
                add("\(left)=\(try scalar(try parser.next(), "the value of '\(left)'"))", key)
            }
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw first.error("'\(name)' has no value")
        }
    }

    private static func scalar(_ event: YAMLEvents.Event, _ what: String) throws(ConfigurationError) -> String {
        guard case .scalar(let text) = event.kind else { throw event.error("\(what) has to be plain text") }
        guard !text.isEmpty else { throw event.error("\(what) is empty") }
        return text
    }
}
