import Core
import FoundationEssentials
import Node

/// Plain HTTP at a front: health, metrics, status, the application's handlers, and static files.
final class FrontWeb {
    enum Route {
        case now(HTTPResponse)
        /// The hub knows; the answer comes later.
        case ask(String)
        /// There is no hub: this front's own figures.
        case own(String)
        /// The application knows.
        case handler(WebHandler)
        /// A job builds it.
        case page
    }

    private let files: [FileMount]
    private let routes: HTTPRoutes<WebHandler>
    private var lastQuery: UInt64 = 0
    private var waiting: [UInt64: (ConnectionID, String)] = [:]

    init(files: [FileMount], routes: HTTPRoutes<WebHandler>) {
        self.files = files.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
        self.routes = routes
    }

    /// - Parameter isOurs: whether the request comes from a page of this site, or from no page.
    func answer(_ head: HTTPRequestHead, isOurs: Bool, isLoopback: Bool, isHubOpen: Bool, isPage: (String) -> Bool)
        -> Route
    {
        let isRead = head.method == "GET" || head.method == "HEAD"
        if isRead, let route = ownRoute(head.path, isLoopback: isLoopback, isHubOpen: isHubOpen) { return route }
        switch routes.find(head.method, head.path) {
        case .handler(let handler):
            guard isRead || isOurs else {
                return .now(HTTPResponse(status: 403, text: "the page that sent this is of another site\n"))
            }
            return .handler(handler)
        case .otherMethods(let methods): return .now(Self.otherMethods(methods))
        case .nothing: break
        }
        guard isRead else { return .now(Self.otherMethods(["GET", "HEAD"])) }
        if isPage(head.path) { return .page }
        for mount in files {
            if let response = mount.answer(head) { return .now(response) }
        }
        return .now(HTTPResponse(status: 404, text: "nothing is served at \(head.path)\n"))
    }

    /// What every front answers, whatever the application.
    private func ownRoute(_ path: String, isLoopback: Bool, isHubOpen: Bool) -> Route? {
        switch path {
        case "/healthz": return .now(HTTPResponse(status: 200, text: "ok\n", headers: ["Cache-Control": "no-store"]))
        case "/metrics": return isHubOpen ? .ask("/metrics") : .own("/metrics")
        case "/status.json":
            guard isLoopback else {
                return .now(HTTPResponse(status: 403, text: "status is answered to this host only\n"))
            }
            return isHubOpen ? .ask("/status.json") : .own("/status.json")
        default: return nil
        }
    }

    private static func otherMethods(_ methods: [String]) -> HTTPResponse {
        let list = methods.joined(separator: ", ")
        return HTTPResponse(status: 405, text: "\(list) only\n", headers: ["Allow": list])
    }

    func asked(_ id: ConnectionID, _ path: String) -> UInt64 {
        lastQuery += 1
        waiting[lastQuery] = (id, path)
        return lastQuery
    }

    func answered(_ number: UInt64) -> (ConnectionID, String)? { waiting.removeValue(forKey: number) }

    func unanswered() -> [(ConnectionID, String)] {
        defer { waiting.removeAll() }
        return waiting.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What this front knows by itself, which says that it is not everything.
    func ownAnswer(_ path: String, _ report: ProcessReport, _ name: String) -> HTTPResponse {
        if path == "/metrics" {
            let text =
                "# incomplete: there is no hub; these are the figures of \(name) alone\n"
                + MetricsText.page([(name, report)])
            return HTTPResponse(status: 200, text: text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
        let body = (try? JSONEncoder().encode(OwnStatus(incomplete: true, process: name, report: report))) ?? Data()
        return HTTPResponse(status: 200, text: String(decoding: body, as: UTF8.self), type: "application/json")
    }

    private struct OwnStatus: Encodable {
        let incomplete: Bool
        let process: String
        let report: ProcessReport
    }
}
