/// Which of an application's handlers a request is for, by method and path.
///
/// A pattern is a path, or ends with `/*` for every path below it. The whole path goes before any pattern, and of two patterns the
/// longer one goes first.
package struct HTTPRoutes<Handler: Sendable>: Sendable {
    /// What a request finds.
    package enum Finding {
        case handler(Handler)
        /// The path has handlers for these methods only, sorted.
        case otherMethods([String])
        case nothing
    }

    /// Why a route was not added.
    package enum Mistake: Error, Equatable, Sendable, CustomStringConvertible {
        case pattern(String)
        case twice(method: String, pattern: String)

        package var description: String {
            switch self {
            case .pattern(let text): "'\(text)' is no path: it begins with / and has a * at most as its last part"
            case .twice(let method, let pattern): "\(method) \(pattern) has two handlers"
            }
        }
    }

    private struct Route: Sendable {
        /// Without its star.
        let path: String
        let isExact: Bool
        var handlers: [String: Handler]

        func matches(_ path: String) -> Bool {
            isExact ? path == self.path : path.utf8.count > self.path.utf8.count && path.hasPrefix(self.path)
        }
    }

    /// Exact ones first, then the longest.
    private var routes: [Route] = []

    package init() {}

    package var isEmpty: Bool { routes.isEmpty }
    /// Whether any handler takes another method than GET, and so a body.
    package var takesBodies: Bool { routes.contains { route in route.handlers.keys.contains { $0 != "GET" } } }

    package mutating func add(_ method: String, _ pattern: String, _ handler: Handler) throws(Mistake) {
        let isExact = !pattern.hasSuffix("/*")
        let path = isExact ? pattern : String(pattern.dropLast())
        guard path.hasPrefix("/"), !path.contains("*"), !path.contains("?") else { throw .pattern(pattern) }
        if let place = routes.firstIndex(where: { $0.path == path && $0.isExact == isExact }) {
            guard routes[place].handlers.updateValue(handler, forKey: method) == nil else {
                throw .twice(method: method, pattern: pattern)
            }
            return
        }
        let place = routes.firstIndex { other in
            isExact != other.isExact ? isExact : other.path.utf8.count < path.utf8.count
        }
        routes.insert(
            Route(path: path, isExact: isExact, handlers: [method: handler]), at: place ?? routes.count)
    }

    /// HEAD finds what GET finds: its answer is sent without the body.
    package func find(_ method: String, _ path: String) -> Finding {
        let wanted = method == "HEAD" ? "GET" : method
        var others: Set<String> = []
        for route in routes where route.matches(path) {
            if let handler = route.handlers[wanted] { return .handler(handler) }
            others.formUnion(route.handlers.keys)
        }
        if others.contains("GET") { others.insert("HEAD") }
        return others.isEmpty ? .nothing : .otherMethods(others.sorted())
    }
}
