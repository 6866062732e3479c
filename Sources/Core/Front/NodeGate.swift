import State

/// `POST /takeMessage.js`: the door through which other nodes ask for jobs over HTTP. Whoever is not one of them by credential
/// finds the connection closed without a word; where no other nodes are declared, everybody does.
///
/// An address proves nothing here, loopback least of all. A request that is heard twice is harmless: it says that a page is out of
/// date, and is the same work. So there is no list of requests seen, only a time that may differ by half a minute.
package struct NodeGate: Sendable {
    package static let path = "/takeMessage.js"
    /// What one node may ask of one front: so many requests a second, so many at once.
    package static let requestsPerSecond = 1_000.0
    package static let burst = 2_000.0
    /// By how much a node's calendar may differ from ours.
    package static let clockSeconds: UInt64 = 30
    /// The longest body: a payload of 64 KiB in base64, and all else that a request says.
    package static let bodyBytes = 128 << 10
    /// Nodes of one cluster that may ask over HTTP.
    package static let nodeLimit = 256

    /// Why somebody was not let in.
    package enum Refusal: String, Sendable, CaseIterable {
        /// No other nodes are declared.
        case closed
        /// Not POST, no credential, or a name that is not declared.
        case stranger
        case clock
        case credential
    }

    /// What becomes of a request whose body is there.
    package enum Verdict: Sendable {
        case hangUp
        case answer(HTTPResponse)
        case submit(JobRequest)
    }

    private struct Allowance: Sendable {
        var count = NodeGate.burst
        var countedAt: Instant
    }

    private let nodes: Set<String>
    private let key: ClusterKey
    private var allowances: [String: Allowance] = [:]
    private var takenOf: [String: UInt64] = [:]
    private var tooFastOf: [String: UInt64] = [:]
    private var refused: [Refusal: UInt64] = [:]

    package init(nodes: [String], key: ClusterKey) {
        self.nodes = Set(nodes)
        self.key = key
    }

    // MARK: What happened

    /// A request's head came. False: the connection is to be closed, nothing of the body is read.
    package mutating func knocked(_ head: HTTPRequestHead, unixSeconds: UInt64) -> Bool {
        switch check(head, unixSeconds) {
        case .success: return true
        case .failure(let refusal):
            refused[refusal, default: 0] += 1
            return false
        }
    }

    /// The body is there as well.
    package mutating func asked(_ head: HTTPRequestHead, body: [UInt8], unixSeconds: UInt64, now: Instant) -> Verdict {
        guard case .success(let credential) = check(head, unixSeconds), credential.proves(body, key: key) else {
            refused[.credential, default: 0] += 1
            return .hangUp
        }
        guard mayAsk(credential.node, now: now) else {
            tooFastOf[credential.node, default: 0] += 1
            return .answer(NodeJobText.response(.rejected(.tooFast)))
        }
        takenOf[credential.node, default: 0] += 1
        do throws(NodeJobText.Mistake) {
            return .submit(try NodeJobText.request(body))
        } catch {
            return .answer(NodeJobText.response(error))
        }
    }

    /// Each figure by its metric's name.
    package var named: [(String, UInt64)] {
        guard !nodes.isEmpty || !refused.isEmpty else { return [] }
        return nodes.sorted().flatMap { node in
            [
                ("node_requests_total{node=\"\(node)\"}", takenOf[node] ?? 0),
                ("node_requests_too_fast_total{node=\"\(node)\"}", tooFastOf[node] ?? 0),
            ]
        } + Refusal.allCases.map { ("node_callers_refused_total{reason=\"\($0.rawValue)\"}", refused[$0] ?? 0) }
    }

    // MARK: Private

    private enum Checked { case success(NodeCredential), failure(Refusal) }

    private func check(_ head: HTTPRequestHead, _ unixSeconds: UInt64) -> Checked {
        guard !nodes.isEmpty else { return .failure(.closed) }
        guard head.method == "POST", head.headers.all("authorization").count == 1,
            let header = head.headers.first("authorization"), let credential = NodeCredential(header: header),
            nodes.contains(credential.node)
        else { return .failure(.stranger) }
        let (low, high) = (min(credential.unixSeconds, unixSeconds), max(credential.unixSeconds, unixSeconds))
        return high - low <= Self.clockSeconds ? .success(credential) : .failure(.clock)
    }

    private mutating func mayAsk(_ node: String, now: Instant) -> Bool {
        var allowance = allowances[node] ?? Allowance(countedAt: now)
        let earned = now.since(allowance.countedAt) / .seconds(1) * Self.requestsPerSecond
        allowance.count = min(allowance.count + earned, Self.burst)
        allowance.countedAt = now
        defer { allowances[node] = allowance }
        guard allowance.count >= 1 else { return false }
        allowance.count -= 1
        return true
    }
}
