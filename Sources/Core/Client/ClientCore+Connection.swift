import State

/// The connection: hello and welcome, pings, how it ends and what comes then.
extension ClientCore {
    mutating func sayHello(_ connection: ClientConnection) {
        attach = attach.next
        connection.hasSaidHello = true
        var reads: [Read] = []
        var later: [Read] = []
        var byteCount = 0
        for place in rooms.indices where !rooms[place].isGone {
            rooms[place].phase = .asked
            let read = rooms[place].read
            byteCount += read.channel.utf8.count + read.options.count + 32
            if byteCount <= ClientLimits.helloBytes { reads.append(read) } else { later.append(read) }
        }
        let hello = Hello(
            attach: attach, token: token, reads: reads, write: writer ?? "",
            writeOptions: writer == nil ? [] : writerOptions)
        // The channel to write to would be read without its options if it came first in hello's `write`.
        let isWriterLater = later.contains { $0.channel == writer }
        connection.conduit.say(.hello) {
            var hello = hello
            if isWriterLater { (hello.write, hello.writeOptions) = ("", []) }
            hello.encode(into: &$0)
        }
        for read in later { connection.conduit.say(.read) { read.encode(into: &$0) } }
        if isWriterLater { sayWish() }
    }

    mutating func take(_ frame: Frame, _ connection: ClientConnection) throws(Farewell) {
        do throws(WireError) {
            switch frame.kind {
            case .section: try sectionArrived(frame)
            case .piece: try pieceArrived(frame)
            case .mark: try markArrived(try frame.decode(Mark.init(from:)))
            case .ackedClient: acked(try frame.decode(ClientAcked.init(from:)))
            case .refusedClient: refused(try frame.decode(ClientRefused.init(from:)))
            case .message: messageArrived(try frame.decode(ClientMessage.init(from:)))
            case .welcome: try welcomed(try frame.decode(Welcome.init(from:)), connection)
            case .regroupedClient: regrouped(try frame.decode(ClientRegrouped.init(from:)))
            case .attachedClient: attached(try frame.decode(ClientAttached.init(from:)))
            case .unlinkedClient: unlinked(try frame.decode(ClientUnlinked.init(from:)))
            case .grantedClient: granted(try frame.decode(ClientGranted.init(from:)))
            case .ping:
                let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
                connection.conduit.say(.pong) { $0.u64(token) }
            case .pong: _ = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            case .bye: saidBye(try frame.decode(Bye.init(from:)))
            default: throw .invalid("the kind of a frame from a front")
            }
        } catch {
            // What came may have been wrong before it was noticed: nothing held is trusted.
            tally.protocolErrors += 1
            for place in rooms.indices { rooms[place].distrust() }
            throw Farewell(error)
        }
    }

    private mutating func welcomed(_ welcome: Welcome, _ connection: ClientConnection) throws(WireError) {
        guard case .greeting = phase else { throw .invalid("a second welcome") }
        phase = .welcomed(connection)
        connection.welcomedAt = now
        session = welcome.session
        token = welcome.token
        tell(.status(.connected))
        tell(.welcomed(welcome.session, isResumed: welcome.isResumed))
    }

    private mutating func saidBye(_ bye: Bye) {
        // One that names an older attach is about a connection that is gone.
        guard bye.attach.rawValue == 0 || bye.attach >= attach else { return }
        if bye.farewell.code == .duplicate { attach = max(attach, bye.attach) }
        failed(bye.farewell)
    }

    mutating func ping(_ connection: ClientConnection) {
        switch connection.pingDue(settings.pingPeriod, now: now) {
        case .nothing: break
        case .ask: connection.conduit.say(.ping) { $0.u64(now.nanoseconds) }
        case .giveUp: fail(Farewell(.timedOut, "no answer to a ping within 10 s"))
        }
    }

    // MARK: Ends

    /// We end the connection for what it did, and say so.
    mutating func fail(_ farewell: Farewell) {
        leave(saying: farewell)
        decide(farewell)
    }

    /// The connection said or did something that ends it. A fault of theirs is told; their own goodbye is not answered.
    mutating func failed(_ farewell: Farewell) {
        switch farewell.code {
        case .protocolError, .notUTF8, .tooBig: leave(saying: farewell)
        default: leave(saying: nil)
        }
        decide(farewell)
    }

    /// The connection is gone.
    mutating func lost(_ farewell: Farewell) {
        leave(saying: nil)
        decide(farewell)
    }

    mutating func stop(_ farewell: Farewell, saying words: Farewell? = nil) {
        leave(saying: words)
        phase = .stopped(farewell)
        for place in rooms.indices { endInputs(place, "the session is over: \(farewell.reason)") }
        tell(.status(.stopped(code: farewell.code, reason: farewell.reason)))
    }

    /// Lets go of the socket, and takes back all that depended on it.
    private mutating func leave(saying words: Farewell?) {
        if let words, let connection, connection.hasSaidHello {
            connection.conduit.say(.bye) { Bye(words).encode(into: &$0) }
            connection.conduit.sayClose(words)
            if let bytes = connection.conduit.takeOutput() {
                tally.bytesOut += UInt64(bytes.count)
                directives.append(.send(connection.number, bytes))
            }
        }
        if let number = currentTry { directives.append(.close(number)) }
        if let at = connection?.welcomedAt, now >= at + ClientLimits.settled { retryCount = 0 }
        for place in rooms.indices { rooms[place].linkLost(rooms[place].isGone ? rooms[place].phase : .unread) }
    }

    /// What the code of an ended connection asks for; docs/WIRE.md, "Codes".
    private mutating func decide(_ farewell: Farewell) {
        switch farewell.code {
        case .done, .superseded, .refused, .version: stop(farewell)
        case .unproven where token.isEmpty: stop(farewell)
        case .unproven, .expired:
            token = []
            comeBack(farewell)
        default: comeBack(farewell)
        }
    }

    private mutating func comeBack(_ farewell: Farewell) {
        var wait = backoff(retryCount)
        retryCount += 1
        if farewell.code == .overloaded { wait = max(wait, Self.namedRetry(farewell.reason)) }
        let until = now + wait
        phase = .waiting(until: until)
        tell(.status(.waiting(until: until, code: farewell.code, reason: farewell.reason)))
    }

    /// First within 250 ms, then doubling from half a second to ten, half of it by chance.
    mutating func backoff(_ count: Int) -> Duration {
        let chance = Double(dice.next() >> 11) * 0x1p-53
        guard count > 0 else { return ClientLimits.firstRetry * chance }
        var most = Duration.milliseconds(500)
        for _ in 1..<max(count, 1) where most < ClientLimits.longestRetry { most *= 2 }
        return min(most, ClientLimits.longestRetry) * (0.5 + chance / 2)
    }

    /// The time in the reason of "overloaded": `1500 ms`, `1500` or `1.5 s`; zero if there is none.
    static func namedRetry(_ reason: String) -> Duration {
        let words = reason.split(separator: " ")
        for (place, word) in words.enumerated() {
            let digits = word.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits), number.isFinite, number < 1e9 else { continue }
            let unit =
                digits.count < word.count ? word.dropFirst(digits.count) : words.dropFirst(place + 1).first ?? "ms"
            let wait: Duration = .milliseconds(Int64(number * (unit == "s" ? 1000 : 1)))
            return min(wait, ClientLimits.longestNamedRetry)
        }
        return .zero
    }
}
