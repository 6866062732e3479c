import Core

/// A WebSocket conversation: `u8` role and size of a piece, then its bytes. It is heard the same whole and in pieces, and by the
/// short way of messages that are looked at before they are unmasked.
enum WebSocketFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let role: WebSocketRole = first & 1 == 0 ? .client : .server
        let whole = hear(stream, role, pieceSize: .max)
        for size in [1, Int(first >> 1) + 1] {
            let pieces = hear(stream, role, pieceSize: size)
            try Finding.unless(whole.said == pieces.said, "heard otherwise in pieces of \(size)")
            try Finding.unless(whole.error == pieces.error, "another error in pieces of \(size)")
            try Finding.unless(
                pieces.leftMaximum < WebSocketReader.leftoverByteLimit, "\(pieces.leftMaximum) bytes left")
            try Finding.unless(pieces.heldMaximum <= max(512, 2 * stream.count), "\(pieces.heldMaximum) bytes held")
        }
        let short = hearShort(stream, role)
        try Finding.unless(short.said == whole.said, "heard otherwise by the short way")
        try Finding.unless(short.error == whole.error, "another error by the short way")
    }

    /// All of it in one read, short messages copied out as they are unmasked. In memory of just its size, so that the address
    /// sanitizer sees whoever looks beyond it.
    private static func hearShort(_ stream: [UInt8], _ role: WebSocketRole) -> Heard {
        var heard = Heard()
        var said: [String] = []
        var reader = WebSocketReader(role: role, messageLimit: 1 << 12)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: stream.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: stream)
        var offset = 0
        do throws(WebSocketError) {
            try reader.each(
                in: buffer, from: &offset,
                short: { message in
                    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: message.byteCount, alignment: 1)
                    defer { copy.deallocate() }
                    if let place = copy.baseAddress, message.byteCount > 0 { message.copy(from: 0, to: place) }
                    said.append("binary \(Array(copy))")
                    return true
                },
                { (event) throws(WebSocketError) -> Bool in
                    said.append(name(event))
                    return true
                }, failed: { $0 })
        } catch {
            heard.error = error
        }
        heard.said = said
        return heard
    }

    private struct Heard {
        var said: [String] = []
        var error: WebSocketError?
        var leftMaximum = 0
        var heldMaximum = 0
    }

    private static func hear(_ stream: [UInt8], _ role: WebSocketRole, pieceSize: Int) -> Heard {
        var heard = Heard()
        var reader = WebSocketReader(role: role, messageLimit: 1 << 12)
        var left: [UInt8] = []
        var start = 0
        while start < stream.count, heard.error == nil {
            let end = pieceSize < stream.count - start ? start + pieceSize : stream.count
            let piece = left + stream[start..<end]
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
            defer { buffer.deallocate() }
            buffer.copyBytes(from: piece)
            var offset = 0
            do throws(WebSocketError) {
                while let event = try reader.next(in: buffer, from: &offset) { heard.said.append(name(event)) }
            } catch {
                heard.error = error
            }
            left = Array(buffer[offset...])
            heard.leftMaximum = max(heard.leftMaximum, left.count)
            heard.heldMaximum = max(heard.heldMaximum, reader.heldByteCount)
            start = end
        }
        return heard
    }

    private static func name(_ event: WebSocketEvent) -> String {
        switch event {
        case .message(.text, let payload): "text \(Array(payload))"
        case .message(.binary, let payload): "binary \(Array(payload))"
        case .ping(let payload): "ping \(Array(payload))"
        case .pong(let payload): "pong \(Array(payload))"
        case .close(let code, let reason): "close \(code.map(Int.init) ?? -1) \(reason)"
        }
    }
}
