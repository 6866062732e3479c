import Core

/// What a `hub` command wants of the running hub: the path of a query on its socket, which only a tool may ask.
///
/// Written `/control/drain/front-2/30000/leave`, `/control/start/front-2` and `/control/show/front-2`.
package enum HubOrder: Sendable, Equatable {
    case drain(String, within: Duration, then: DrainOrder.Then)
    /// Start again what was drained.
    case start(String)
    /// Nothing but the answer.
    case show(String)

    /// What is answered: the process as the status shows it, or why not.
    enum Outcome {
        case done(HubStatus.Process)
        case refused(String)

        var status: Int {
            switch self {
            case .done: 200
            case .refused: 409
            }
        }

        var body: [UInt8] {
            switch self {
            case .done(let process): JSON.encode(process)
            case .refused(let reason): Array(reason.utf8)
            }
        }
    }

    /// Nil if the path is none of an order.
    package init?(_ path: String) {
        let words = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count > 3, words[0].isEmpty, words[1] == "control" else { return nil }
        switch (words[2], words.count) {
        case ("drain", 6):
            guard let milliseconds = Int64(words[4]), (0...86_400_000).contains(milliseconds) else { return nil }
            let thens: [String: DrainOrder.Then] = ["leave": .leave, "restart": .restart]
            guard let then = thens[words[5]] else { return nil }
            self = .drain(words[3], within: .milliseconds(milliseconds), then: then)
        case ("start", 4): self = .start(words[3])
        case ("show", 4): self = .show(words[3])
        default: return nil
        }
    }

    package var path: String {
        switch self {
        case .drain(let name, let deadline, let then):
            "/control/drain/\(name)/\(Int64(deadline / .milliseconds(1)))/\(then == .restart ? "restart" : "leave")"
        case .start(let name): "/control/start/\(name)"
        case .show(let name): "/control/show/\(name)"
        }
    }

    /// The process that it is about.
    package var name: String {
        switch self {
        case .drain(let name, _, _), .start(let name), .show(let name): name
        }
    }
}
