/// What a peer said. Payloads are borrowed: they are valid until the reader's next call.
package enum WebSocketEvent {
    /// A whole message; a text has been checked to be UTF-8.
    case message(kind: WebSocketMessageKind, payload: UnsafeRawBufferPointer)
    /// To be answered by a pong with the same bytes.
    case ping(UnsafeRawBufferPointer)
    case pong(UnsafeRawBufferPointer)
    /// The last event there is; to be answered by a close frame if none was sent yet. The code is nil if none was given.
    case close(code: UInt16?, reason: String)
}

package enum WebSocketMessageKind: Sendable {
    case text
    case binary
}

/// Turns the bytes of one WebSocket connection into events, strictly by RFC 6455, without extensions.
///
/// The shell that reads the socket makes one a connection and calls `next` until nil after each read. A message that is in
/// the read buffer as one frame is unmasked there and handed out without a copy. What there is of any other message moves
/// into a buffer of the reader's own, which grows as bytes arrive and never from an announced length; so the caller has
/// fewer than `leftoverByteLimit` bytes to keep between reads, and a connection at rest has no buffer here at all.
package struct WebSocketReader: ~Copyable {
    /// What nil leaves behind `offset` is shorter than this: a frame's header, or a control frame with its payload.
    package static let leftoverByteLimit = WebSocketFrameHeader.byteLimit + WebSocketFrameHeader.controlPayloadLimit

    /// between → inPayload → between …; any → ended or failed, which are final.
    private enum State {
        case between
        case inPayload(mask: UInt32, receivedCount: Int, leftCount: Int, isFinal: Bool)
        case ended
        case failed
    }

    private let role: WebSocketRole
    private let messageLimit: Int
    private var state = State.between
    /// What ended it, if it failed; beside the state, so that the state is plain bytes and costs nothing to look at.
    private var failure: WebSocketError?
    /// The kind of the message that has begun and is not complete.
    private var openKind: WebSocketMessageKind?
    private var check = UTF8Check()
    private var assembly = WebSocketAssembly()

    /// - Parameter messageLimit: the longest message in bytes, counted over its fragments.
    package init(role: WebSocketRole, messageLimit: Int) {
        self.role = role
        self.messageLimit = messageLimit
    }

    /// The next event in `bytes` from `offset` on, and moves `offset` behind what was taken.
    ///
    /// nil: more bytes are needed; the caller keeps those from `offset` on and calls again with more behind them. After a
    /// close nothing is read any more: all bytes are taken and the answer is nil. After an error the same error comes again.
    package mutating func next(
        in bytes: UnsafeMutableRawBufferPointer, from offset: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
        do {
            return try read(bytes, from: &offset)
        } catch {
            state = .failed
            failure = error
            throw error
        }
    }

    /// As `next`, for every event there is, until `body` answers false. The state is looked after once a read.
    ///
    /// Of what comes from a client, `short` sees the short whole messages first, masked as they are; `body` is given those
    /// that it answers false for.
    @inline(__always)
    package mutating func each<E: Error>(
        in bytes: UnsafeMutableRawBufferPointer, from offset: inout Int, short: (MaskedMessage) -> Bool,
        _ body: (WebSocketEvent) throws(E) -> Bool, failed: (WebSocketError) -> E
    ) throws(E) {
        while offset < bytes.count {
            if isBetweenMessages {
                while let message = MaskedMessage(in: bytes, at: offset), message.byteCount <= messageLimit {
                    offset &+= message.wholeByteCount
                    if short(message) { continue }
                    guard try body(.message(kind: .binary, payload: message.unmasked())) else { return }
                }
                guard offset < bytes.count else { return }
            }
            let event: WebSocketEvent?
            do { event = try next(in: bytes, from: &offset) } catch { throw failed(error) }
            guard let event, try body(event) else { return }
        }
    }

    /// Whether a message of a client may begin here; what was kept of the one before is given back.
    private var isBetweenMessages: Bool {
        mutating get {
            guard case .between = state, openKind == nil, role == .server else { return false }
            if assembly.capacity > 0 { assembly.clear() }
            return true
        }
    }

    /// Bytes of memory held for a message that is not complete: at most 512 or twice what of it has arrived.
    package var heldByteCount: Int { assembly.capacity }

    private mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from offset: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
        if openKind == nil { assembly.clear() }
        while true {
            switch state {
            case .between:
                guard let header = try WebSocketFrameHeader.read(bytes, at: offset, role: role) else { return nil }
                if header.opcode.isControl {
                    guard let payload = take(header, from: bytes, at: &offset) else { return nil }
                    return try control(header.opcode, UnsafeRawBufferPointer(payload))
                }
                try begin(header)
                if header.isFinal, assembly.count == 0, let payload = take(header, from: bytes, at: &offset) {
                    return try finish(UnsafeRawBufferPointer(payload), alreadyChecked: 0)
                }
                offset += header.headerByteCount
                state = .inPayload(
                    mask: header.mask, receivedCount: 0, leftCount: Int(header.payloadByteCount),
                    isFinal: header.isFinal)
            case .inPayload(let mask, let receivedCount, let leftCount, let isFinal):
                let count = min(leftCount, bytes.count - offset)
                let piece = UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
                WebSocketMask.apply(mask, to: piece, phase: receivedCount)
                offset += count
                try append(UnsafeRawBufferPointer(piece))
                guard count == leftCount else {
                    state = .inPayload(
                        mask: mask, receivedCount: (receivedCount + count) & 3, leftCount: leftCount - count,
                        isFinal: isFinal)
                    return nil
                }
                state = .between
                if isFinal { return try finish(assembly.bytes, alreadyChecked: assembly.count) }
            case .ended:
                offset = bytes.count
                return nil
            case .failed:
                throw failure ?? .protocolBroken("the connection has failed")
            }
        }
    }

    /// The unmasked payload of the frame at `offset`, if it is all there.
    private func take(
        _ header: WebSocketFrameHeader, from bytes: UnsafeMutableRawBufferPointer, at offset: inout Int
    ) -> UnsafeMutableRawBufferPointer? {
        let start = offset + header.headerByteCount
        guard UInt64(bytes.count - start) >= header.payloadByteCount else { return nil }
        offset = start + Int(header.payloadByteCount)
        let payload = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<offset])
        WebSocketMask.apply(header.mask, to: payload)
        return payload
    }

    /// A data frame begins: checks its place in its message and the limit, before anything of it is kept.
    private mutating func begin(_ header: WebSocketFrameHeader) throws(WebSocketError) {
        switch (header.opcode, openKind) {
        case (.continuation, nil): throw .protocolBroken("a continuation without a beginning")
        case (.continuation, _): break
        case (_, .some): throw .protocolBroken("a message begins inside another")
        case (let opcode, nil):
            openKind = opcode == .text ? .text : .binary
            check = UTF8Check()
        }
        let total = UInt64(assembly.count) + header.payloadByteCount
        guard total <= UInt64(messageLimit) else {
            throw .messageTooLong(byteCount: total, limit: messageLimit)
        }
    }

    private mutating func append(_ piece: UnsafeRawBufferPointer) throws(WebSocketError) {
        if openKind == .text, !check.accept(piece) { throw .notUTF8 }
        assembly.append(piece, limit: messageLimit)
    }

    /// The message is complete; `payload` is all of it, and so many of its bytes went through the check already.
    private mutating func finish(
        _ payload: UnsafeRawBufferPointer, alreadyChecked: Int
    ) throws(WebSocketError) -> WebSocketEvent {
        guard openKind == .text else {
            openKind = nil
            return .message(kind: .binary, payload: payload)
        }
        guard check.accept(UnsafeRawBufferPointer(rebasing: payload[alreadyChecked...])), check.isAtBoundary else {
            throw .notUTF8
        }
        openKind = nil
        return .message(kind: .text, payload: payload)
    }

    private mutating func control(
        _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer
    ) throws(WebSocketError) -> WebSocketEvent {
        if opcode == .ping { return .ping(payload) }
        if opcode == .pong { return .pong(payload) }
        let (code, reason) = try WebSocketClose.read(payload)
        state = .ended
        return .close(code: code, reason: reason)
    }
}
