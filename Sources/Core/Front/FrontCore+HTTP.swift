import State

/// A request's body on its way in. A reference, because it grows in place while its connection's phase is looked at.
final class HTTPBodyIntake {
    let head: HTTPRequestHead
    var reader: HTTPBodyReader
    let beganAt: Instant

    init(_ head: HTTPRequestHead, limits: HTTPLimits, now: Instant) throws(HTTPError) {
        self.head = head
        reader = try HTTPBodyReader(head.bodyLength, limits: limits)
        beganAt = now
    }
}

/// Plain HTTP: requests, their bodies, and their answers, one at a time on each connection.
extension FrontCore {
    /// A head came: a WebSocket's upgrade, a request with a body to be read, or one that can be answered.
    mutating func requested(_ head: HTTPRequestHead, _ connection: FrontConnection) {
        counters.httpRequests += 1
        guard head.path != NodeGate.path || letsIn(head, connection) else { return }
        guard WebSocketUpgrade.isAsked(by: head) else {
            guard head.bodyLength == .none || head.bodyLength == .length(0) else { return expectBody(head, connection) }
            return ask(head, connection)
        }
        guard head.path == "/connect" else {
            return refuseHTTP(connection, HTTPResponse(status: 404, text: "WebSockets are at /connect\n"))
        }
        guard isAllowed(origin: head.headers.first("origin"), host: head.host) else {
            return refuseHTTP(connection, HTTPResponse(status: 403, text: "this origin is not on the list\n"))
        }
        switch WebSocketUpgrade.check(head, subprotocols: ["switchback.1", "switchback.json.1"]) {
        case .refuse(let response, _): refuseHTTP(connection, response)
        case .accept(let subprotocol, let bytes):
            let format: ClientFormat = subprotocol == "switchback.json.1" ? .text : .webSocket
            guard connection.standing == .served else {
                // A browser reads no status of a refused upgrade: it is let in as far as to be told.
                connection.raw.raw(bytes)
                connection.phase = .client(.webSocket(WebSocketInput(messageBytes: settings.messageBytes)))
                connection.format = format
                return fail(connection, overload())
            }
            connection.phase = .admitting(.webSocket(accept: bytes, format))
            direct(.admit(connection.id, head, peer: connection.peer))
        }
    }

    /// A browser says which page it shows. Programs that say nothing are not browsers, and have no cookies to lend.
    package func isAllowed(origin: String?, host: String?) -> Bool {
        guard let origin else { return true }
        if let allowed = settings.allowedOrigins, allowed.contains(origin) || allowed.contains("*") { return true }
        guard let host else { return false }
        return origin == "http://" + host || origin == "https://" + host
    }

    mutating func refuseHTTP(_ connection: FrontConnection, _ response: HTTPResponse) {
        if case .body(let intake) = connection.phase, intake.head.path == NodeGate.path { return hangUp(connection) }
        counters.httpRefused[response.status, default: 0] += 1
        response.append(to: &connection.raw, fate: .close)
        proven(connection)
        releaseBody(connection)
        end(connection)
    }

    // MARK: Bodies

    private mutating func expectBody(_ head: HTTPRequestHead, _ connection: FrontConnection) {
        var limits = settings.http
        if head.path == NodeGate.path { limits.bodyByteLimit = NodeGate.bodyBytes }
        guard limits.bodyByteLimit > 0 else {
            return refuseHTTP(connection, HTTPResponse(status: 413, text: "no request here takes a body\n"))
        }
        do throws(HTTPError) {
            connection.phase = .body(try HTTPBodyIntake(head, limits: limits, now: now))
        } catch {
            return head.path == NodeGate.path ? hangUp(connection) : refuseHTTP(connection, HTTPResponse(error))
        }
        // Nobody is told anything at the nodes' path before the body has proved who it is of.
        guard head.expectsContinue, head.path != NodeGate.path else { return }
        connection.raw.raw(HTTPResponse.continueBytes)
        wantsToWrite(connection)
    }

    /// Reads what there is of a body. False if more bytes are needed.
    mutating func readBody(
        _ intake: HTTPBodyIntake, _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ connection: FrontConnection
    ) -> Bool {
        do throws(HTTPError) {
            while let piece = try intake.reader.next(in: bytes, from: &offset) {
                switch piece {
                case .bytes(let bytes):
                    guard bodyByteCount + bytes.count <= settings.http.bodiesByteLimit else {
                        refuseHTTP(
                            connection,
                            HTTPResponse(
                                status: 503, text: "too much is being sent here; try again in a moment\n",
                                headers: ["Retry-After": "2"]))
                        return true
                    }
                    connection.body.append(contentsOf: bytes)
                    connection.bodyByteCount += bytes.count
                    bodyByteCount += bytes.count
                    counters.httpBodyBytes += UInt64(bytes.count)
                case .end:
                    ask(intake.head, connection)
                    return true
                }
            }
            return false
        } catch {
            refuseHTTP(connection, HTTPResponse(error))
            return true
        }
    }

    /// The body of the request that `.http` named; empty the second time.
    package mutating func takeBody(of id: ConnectionID) -> [UInt8] {
        guard let connection = connections[id] else { return [] }
        defer { connection.body = [] }
        return connection.body
    }

    /// The connection holds no body any more.
    mutating func releaseBody(_ connection: FrontConnection) {
        bodyByteCount -= connection.bodyByteCount
        connection.bodyByteCount = 0
        connection.body = []
    }

    // MARK: Answers

    private mutating func ask(_ head: HTTPRequestHead, _ connection: FrontConnection) {
        connection.phase = .answering(head)
        connection.beganAt = now
        direct(.http(connection.id, head))
    }

    /// The shell's answer to a request.
    package mutating func answer(_ id: ConnectionID, _ response: HTTPResponse, now: Instant) {
        self.now = now
        guard let connection = connections[id], case .answering(let head) = connection.phase else { return }
        response.append(to: &connection.raw, method: head.method, fate: head.fate)
        counters.httpAnswered[response.status, default: 0] += 1
        releaseBody(connection)
        proven(connection)
        connection.answerCount &+= 1
        switch head.fate {
        case .keepAlive:
            connection.phase = .http(HTTPHeadReader())
            connection.beganAt = now
            wantsToWrite(connection)
            if !connection.held.isEmpty { readHeld(connection) }
        case .close: end(connection)
        }
    }

    // MARK: Time

    /// A body that drips keeps nobody waiting for long: a time for all of it, and a pace.
    mutating func sweepBody(_ intake: HTTPBodyIntake, _ connection: FrontConnection) {
        let elapsed = now.since(intake.beganAt)
        let wanted = elapsed / .seconds(1) * Double(settings.http.bodyBytesPerSecond)
        let isSlow = elapsed > .seconds(1) && Double(connection.bodyByteCount) < wanted
        guard elapsed >= settings.http.bodyTime || isSlow else { return }
        refuseHTTP(
            connection,
            HTTPResponse(
                .timedOut(elapsed >= settings.http.bodyTime ? "the body took too long" : "the body came too slowly")))
    }

    /// An application that does not answer is answered for.
    mutating func sweepAnswer(_ connection: FrontConnection) {
        guard now.since(connection.beganAt) >= settings.http.answerTime else { return }
        refuseHTTP(connection, HTTPResponse(status: 503, text: "no answer came in time\n"))
    }
}
