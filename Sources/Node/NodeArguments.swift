/// The few options of a process that is started by hand: `--name value` or `--name=value`.
package struct NodeArguments {
    package private(set) var values: [String: [String]] = [:]
    package private(set) var wantsHelp = false

    package init(_ arguments: some Sequence<String>, known: [String]) throws(NodeFailure) {
        var iterator = arguments.makeIterator()
        while let argument = iterator.next() {
            if argument == "--help" || argument == "-h" {
                wantsHelp = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first, known.contains(name) else {
                throw NodeFailure("unknown option '\(argument)'; there are \(known.joined(separator: ", ")) and --help")
            }
            guard let value = parts.count == 2 ? parts[1] : iterator.next() else {
                throw NodeFailure("\(name) needs a value")
            }
            values[name, default: []].append(value)
        }
    }

    package subscript(_ name: String) -> String? { values[name]?.last }
    package func all(_ name: String) -> [String] { values[name] ?? [] }
}
