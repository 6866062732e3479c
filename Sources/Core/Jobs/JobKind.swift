/// How soon a job should begin. The delay is the time from a request to its deadline; the queue runs the earliest deadline first.
public enum DeadlineClass: Int, Sendable, CaseIterable, CustomStringConvertible {
    /// At once.
    case thread
    /// In 5 s, unless the configuration says otherwise; the others in 15, 30 and 60 s.
    case preview
    case catalog
    case page
    case front

    package init?(_ name: String) {
        guard let found = Self.allCases.first(where: { $0.description == name }) else { return nil }
        self = found
    }

    public var description: String {
        switch self {
        case .thread: "thread"
        case .preview: "preview"
        case .catalog: "catalog"
        case .page: "page"
        case .front: "front"
        }
    }

    /// The delay if nothing else is configured.
    package var defaultDelay: Duration {
        switch self {
        case .thread: .zero
        case .preview: .seconds(5)
        case .catalog: .seconds(15)
        case .page: .seconds(30)
        case .front: .seconds(60)
        }
    }
}

/// A kind of work, declared by the application: `page` with keys like `/{board}/{page}`, part of what `pages` builds.
package struct JobKind: Sendable, Equatable {
    package var name: String
    package var shape: KeyShape
    /// Nil: from the class.
    package var delay: Duration?
    package var deadlineClass: DeadlineClass
    /// The kind that is directly broader: its job builds all that ours would. Its shape may only use names that ours has.
    package var within: String?
    /// How long one run may take. Then it is taken away from the worker and tried again.
    package var timeLimit: Duration

    package init(
        _ name: String, shape: KeyShape, deadlineClass: DeadlineClass = .page, delay: Duration? = nil,
        within: String? = nil, timeLimit: Duration = .seconds(30)
    ) {
        self.name = name
        self.shape = shape
        self.deadlineClass = deadlineClass
        self.delay = delay
        self.within = within
        self.timeLimit = timeLimit
    }
}
