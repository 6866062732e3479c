/// A WebSocket client that keeps everything a front sends, frame by frame, and answers nothing.
final class StrictPeer {
    let wire: Wire
    private(set) var texts: [String] = []
    private(set) var pongs: [[UInt8]] = []
    private(set) var closeCode: Int?
    private(set) var closeReason = ""

    init(_ port: UInt16) throws {
        wire = try WebSocketWire(port).wire
    }

    /// Takes in what comes until `isEnough`, with a bound.
    func listen(until isEnough: () -> Bool) throws {
        let bound = Bound(.seconds(10))
        while true {
            wire.fill()
            while try take() {}
            if isEnough() { return }
            guard !bound.isOver else { return }
            Wire.await([wire], bound)
        }
    }

    private func take() throws -> Bool {
        let input = wire.input
        guard input.count >= 2 else { return false }
        guard input[0] & 0xF0 == 0x80, input[1] & 0x80 == 0 else {
            throw Failure("a server sends whole, unmasked frames without reserved bits: \(input.prefix(4))")
        }
        var start = 2
        var count = Int(input[1])
        if count >= 126 {
            start += count == 126 ? 2 : 8
            guard input.count >= start else { return false }
            count = input[2..<start].reduce(0) { $0 << 8 | Int($1) }
        }
        guard input.count >= start + count else { return false }
        let payload = Array(input[start..<start + count])
        wire.input.removeSubrange(..<(start + count))
        guard closeCode == nil else { throw Failure("a frame behind the close frame") }
        switch input[0] & 15 {
        case 1: texts.append(String(decoding: payload, as: UTF8.self))
        case 8:
            closeCode = payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
            closeReason = String(decoding: payload.dropFirst(2), as: UTF8.self)
        case 9: break
        case 10: pongs.append(payload)
        default: throw Failure("an opcode that nobody expects: \(input[0])")
        }
        return true
    }
}
