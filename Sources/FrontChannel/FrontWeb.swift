import Core
import FoundationEssentials
import Node

/// Plain HTTP at a front: health, metrics, status, and static files.
final class FrontWeb {
    enum Route {
        case now(HTTPResponse)
        /// The hub knows; the answer comes later.
        case ask(String)
        /// There is no hub: this front's own figures.
        case own(String)
    }

    private let files: [FileMount]
    private var lastQuery: UInt64 = 0
    private var waiting: [UInt64: (ConnectionID, String)] = [:]

    init(files: [FileMount]) { self.files = files.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count } }

    func answer(_ head: HTTPRequestHead, isLoopback: Bool, isHubOpen: Bool) -> Route {
        guard head.method == "GET" || head.method == "HEAD" else {
            return .now(HTTPResponse(status: 405, text: "GET and HEAD only\n", headers: ["Allow": "GET, HEAD"]))
        }
        switch head.path {
        case "/healthz": return .now(HTTPResponse(status: 200, text: "ok\n", headers: ["Cache-Control": "no-store"]))
        case "/metrics": return isHubOpen ? .ask("/metrics") : .own("/metrics")
        case "/status.json":
            guard isLoopback else {
                return .now(HTTPResponse(status: 403, text: "status is answered to this host only\n"))
            }
            return isHubOpen ? .ask("/status.json") : .own("/status.json")
        default:
            for mount in files {
                if let response = mount.answer(head.path, ifNoneMatch: head.headers.first("if-none-match")) {
                    return .now(response)
                }
            }
            return .now(HTTPResponse(status: 404, text: "nothing is served at \(head.path)\n"))
        }
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
