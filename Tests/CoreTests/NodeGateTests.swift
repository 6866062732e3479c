import Core
import State
import Testing

@Suite("The door for other nodes")
struct NodeGateTests {
    private static let key = ClusterKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let now = Instant(nanoseconds: 1_000_000_000)
    private static let time: UInt64 = 1_763_712_000
    private static let body = Array(#"{"kind":"page","key":"/b/1"}"#.utf8)

    private static func head(
        _ authorization: String?, method: String = "POST", body: [UInt8] = body
    ) throws -> HTTPRequestHead {
        var text = "\(method) /takeMessage.js HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n"
        if let authorization { text += "Authorization: \(authorization)\r\n" }
        var reader = HTTPHeadReader()
        var offset = 0
        let head = try Array((text + "\r\n").utf8).withUnsafeBytes { try reader.next(in: $0, from: &offset) }
        return try #require(head)
    }

    private static func credential(
        _ node: String = "web-2", time: UInt64 = time, key: ClusterKey = key, body: [UInt8] = body
    ) -> String {
        NodeCredential(signing: body, node: node, unixSeconds: time, key: key).header
    }

    private func gate(_ nodes: [String] = ["web-2", "web-3"]) -> NodeGate { NodeGate(nodes: nodes, key: Self.key) }

    private func figure(_ gate: NodeGate, _ name: String) -> UInt64? { gate.named.first { $0.0 == name }?.1 }

    @Test("L18: a node with its credential is let in, and what it asks for is a request to the queue")
    func letIn() throws {
        var gate = gate()
        let head = try Self.head(Self.credential())
        let isIn = gate.knocked(head, unixSeconds: Self.time)
        #expect(isIn)
        guard
            case .submit(let request) = gate.asked(head, body: Self.body, unixSeconds: Self.time + 30, now: Self.now)
        else { throw Failed() }
        #expect(request == JobRequest(JobAddress("page", "/b/1")))
        #expect(figure(gate, "node_requests_total{node=\"web-2\"}") == 1)
        #expect(figure(gate, "node_requests_total{node=\"web-3\"}") == 0)
    }

    @Test(
        "L18: whoever is no declared node by credential is not let in, before anything of the body is read",
        arguments: [
            (nil, "POST", "stranger"), ("Basic d2ViLTI6eA==", "POST", "stranger"), ("Switchback ", "POST", "stranger"),
            ("Switchback node=web-2, time=1763712000", "POST", "stranger"),
            ("Switchback node=web-2, time=1763712000, mac=00", "POST", "stranger"),
            ("good of web-9", "POST", "stranger"), ("good", "GET", "stranger"), ("good", "HEAD", "stranger"),
            ("early", "POST", "clock"), ("late", "POST", "clock"),
        ] as [(String?, String, String)])
    func strangers(_ authorization: String?, _ method: String, _ reason: String) throws {
        var header = authorization
        switch authorization {
        case "good": header = Self.credential()
        case "good of web-9": header = Self.credential("web-9")
        case "early": header = Self.credential(time: Self.time - 31)
        case "late": header = Self.credential(time: Self.time + 31)
        default: break
        }
        var gate = gate()
        let isIn = gate.knocked(try Self.head(header, method: method), unixSeconds: Self.time)
        #expect(!isIn)
        #expect(figure(gate, "node_callers_refused_total{reason=\"\(reason)\"}") == 1)
    }

    @Test("L18: a credential is good for its node, time, body and key, and nothing else", arguments: 0..<5)
    func forged(change: Int) throws {
        var credential = NodeCredential(signing: Self.body, node: "web-2", unixSeconds: Self.time, key: Self.key)
        var body = Self.body
        switch change {
        case 0: credential.node = "web-3"
        case 1: credential.unixSeconds += 1
        case 2: body[20] ^= 1
        case 3: credential.mac[31] ^= 1
        default:
            let other = try #require(ClusterKey(bytes: [UInt8](repeating: 8, count: 32)))
            credential = NodeCredential(signing: body, node: "web-2", unixSeconds: Self.time, key: other)
        }
        var gate = gate()
        let verdict = gate.asked(
            try Self.head(credential.header), body: body, unixSeconds: Self.time, now: Self.now)
        guard case .hangUp = verdict else { throw Failed() }
        #expect(figure(gate, "node_callers_refused_total{reason=\"credential\"}") == 1)
    }

    @Test("L17: where no other nodes are declared there is no door, whatever is shown")
    func singleNode() throws {
        var gate = gate([])
        let isIn = gate.knocked(try Self.head(Self.credential()), unixSeconds: Self.time)
        #expect(!isIn)
        #expect(figure(gate, "node_callers_refused_total{reason=\"closed\"}") == 1)
    }

    @Test("L18: one node may ask only so fast, and is told so; others are not held up by it, and it may again later")
    func rate() throws {
        var gate = gate()
        let head = try Self.head(Self.credential())
        let other = try Self.head(Self.credential("web-3"))
        func status(_ head: HTTPRequestHead, _ now: Instant) -> Int {
            switch gate.asked(head, body: Self.body, unixSeconds: Self.time, now: now) {
            case .answer(let response): response.status
            case .submit: 0
            case .hangUp: -1
            }
        }
        for _ in 0..<Int(NodeGate.burst) { #expect(status(head, Self.now) == 0) }
        for _ in 0..<5 { #expect(status(head, Self.now) == 429) }
        #expect(status(other, Self.now) == 0)
        #expect(figure(gate, "node_requests_too_fast_total{node=\"web-2\"}") == 5)
        #expect(figure(gate, "node_requests_too_fast_total{node=\"web-3\"}") == 0)
        #expect(status(head, Self.now + .milliseconds(2)) == 0)
    }

    @Test(
        "What a node may say of a job is all taken over",
        arguments: [
            (
                #"{"kind":"page","key":"/b/1","payload":"hé"}"#,
                JobRequest(JobAddress("page", "/b/1"), payload: Array("hé".utf8))
            ),
            (
                #"{"payload64":"AP8=","kind":"page","key":"/b/1"}"#,
                JobRequest(JobAddress("page", "/b/1"), payload: [0, 255])
            ),
            (
                #"{"kind":"page","key":"/b/1","class":"thread"}"#,
                JobRequest(JobAddress("page", "/b/1"), deadlineClass: .thread)
            ),
        ])
    func requests(_ text: String, _ request: JobRequest) throws {
        #expect(try NodeJobText.request(Array(text.utf8)) == request)
    }

    @Test("A node may name what the builder must have seen; 64-bit numbers are texts or numbers")
    func minimums() throws {
        let text =
            #"{"kind":"page","key":"/b/1","after":[{"channel":"board/b","lineage":"18446744073709551615","version":58}]}"#
        let minimum = JobMinimum(
            channel: try ChannelID("board/b"), lineage: Lineage(rawValue: .max), version: Version(rawValue: 58))
        #expect(
            try NodeJobText.request(Array(text.utf8)) == JobRequest(JobAddress("page", "/b/1"), minimums: [minimum]))
    }

    @Test(
        "What is no request is answered with what is wrong",
        arguments: [
            "", "[]", "{}", #"{"kind":"page"}"#, #"{"kind":1,"key":"/b"}"#,
            #"{"kind":"page","key":"/b","colour":"red"}"#,
            #"{"kind":"page","key":"/b","class":"soon"}"#,
            #"{"kind":"page","key":"/b","payload":"a","payload64":"YQ=="}"#,
            #"{"kind":"page","key":"/b","payload64":"?"}"#, #"{"kind":"page","key":"/b","after":[{"channel":"b"}]}"#,
            #"{"kind":"page","key":"/b","after":{}}"#,
        ])
    func mistakes(_ text: String) {
        #expect(throws: NodeJobText.Mistake.self) { try NodeJobText.request(Array(text.utf8)) }
    }

    @Test(
        "The queue's answers have a status that says whether to try again",
        arguments: [
            (JobAnswer.queued(JobID(rawValue: 9)), 200, #"{"queued":"9"}"#),
            (.merged(into: JobID(rawValue: 9)), 200, #"{"merged":"9"}"#),
            (.rejected(.unknownKind), 400, #"{"rejected":"unknown kind"}"#),
            (.rejected(.keyOutsideShape), 400, #"{"rejected":"the key does not have its kind's shape"}"#),
            (.rejected(.full), 503, #"{"rejected":"the queue is full"}"#),
            (.rejected(.tooFast), 429, #"{"rejected":"too many requests from this node"}"#),
        ])
    func answers(_ answer: JobAnswer, _ status: Int, _ text: String) {
        let response = NodeJobText.response(answer)
        #expect(response.status == status)
        let sent = String(decoding: response.bytes(fate: .close), as: UTF8.self)
        #expect(sent.hasSuffix(text + "\n") && sent.contains("Retry-After") == (status == 429 || status == 503))
    }

    @Test("At a front, a stranger's connection closes without a byte; nothing of its body is kept")
    func atAFront() {
        var stage = FrontStage()
        for request in [
            "POST /takeMessage.js HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
            "GET /takeMessage.js HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /takeMessage.js HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        ] {
            let id = stage.open()
            stage.send(Array(request.utf8), on: id)
            #expect(stage[id].raw.isEmpty && stage[id].isClosed, "\(request)")
            #expect(stage.front.bodyByteCount == 0)
        }
    }

    /// What a front of declared nodes does with bytes on a connection, and after so many seconds.
    private func front(_ bytes: [UInt8], seconds: Int = 0) -> (said: [UInt8], isClosed: Bool, asked: JobRequest?) {
        var settings = FrontCore.Settings(
            name: "front-1", incarnation: Incarnation(rawValue: 5), key: Self.key, unixSecondsAtZero: Self.time - 1)
        settings.nodes = ["web-2"]
        settings.http.bodyByteLimit = 0
        var front = FrontCore(settings: settings, seed: 1)
        let id = ConnectionID(rawValue: 1)
        _ = front.accepted(id, peer: "127.0.0.1", isLoopback: true, now: Self.now)
        var (bytes, said, isClosed, asked) = (bytes, [UInt8](), false, JobRequest?.none)
        bytes.withUnsafeMutableBytes { front.receive($0, from: id, now: Self.now) }
        for second in 0...seconds {
            front.tick(now: Self.now + .seconds(second))
            while true {
                guard let directive = front.nextDirective() else {
                    guard front.owesAnything() else { break }
                    front.writeOwed(now: Self.now) { _, parts in
                        said += parts.flatMap { Array($0) }
                        return .all
                    }
                    continue
                }
                switch directive {
                case .close: isClosed = true
                case .http(_, let head): asked = front.nodeJob(id, head, now: Self.now)
                default: break
                }
            }
        }
        return (said, isClosed, asked)
    }

    private func post(_ credential: String, body: [UInt8], length: Int? = nil, extra: String = "") -> [UInt8] {
        Array(
            ("POST /takeMessage.js HTTP/1.1\r\nHost: x\r\nAuthorization: \(credential)\r\n\(extra)"
                + "Content-Length: \(length ?? body.count)\r\n\r\n").utf8) + body
    }

    @Test("L18: at a front a node's request goes on to the queue, also where no other request takes a body")
    func nodeAtAFront() {
        let heard = front(post(Self.credential(), body: Self.body))
        #expect(heard.asked == JobRequest(JobAddress("page", "/b/1")) && heard.said.isEmpty && !heard.isClosed)
    }

    @Test(
        "L18: who knows a node's name and the time but not the key hears nothing, however they go on", arguments: 0..<5)
    func pretender(way: Int) throws {
        let other = try #require(ClusterKey(bytes: [UInt8](repeating: 8, count: 32)))
        let forged = Self.credential(key: other)
        let bytes =
            switch way {
            case 0: post(forged, body: Self.body)
            case 1: post(forged, body: [], length: NodeGate.bodyBytes + 1)
            case 2: post(forged, body: [], length: 10, extra: "Expect: 100-continue\r\n")
            case 3: post(forged, body: Array("{".utf8), length: 10)
            default:
                Array(
                    ("POST /takeMessage.js HTTP/1.1\r\nHost: x\r\nAuthorization: \(forged)\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n+1\r\n").utf8)
            }
        let heard = front(bytes, seconds: 15)
        #expect(heard.said.isEmpty && heard.isClosed && heard.asked == nil)
    }

    private struct Failed: Error {}
}
