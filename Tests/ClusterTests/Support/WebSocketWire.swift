import Foundation

/// A WebSocket client of the fewest lines that can be wrong on purpose.
final class WebSocketWire {
    enum Opcode: UInt8 {
        case text = 1, binary, close = 8, ping, pong
    }

    let wire: Wire
    private(set) var head: HTTP?
    /// The close frame's code, once one has come.
    private(set) var closeCode: Int?
    private(set) var closeReason = ""

    static func request(
        _ port: UInt16, path: String = "/connect", protocols: String = "switchback.json.1", headers: [String] = []
    ) -> [UInt8] {
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Protocol: \(protocols)",
            ] + headers
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Opens a WebSocket, or throws what the server answered instead.
    init(_ port: UInt16, protocols: String = "switchback.json.1", headers: [String] = []) throws {
        wire = try Wire.tcp(port)
        try wire.send(Self.request(port, protocols: protocols, headers: headers))
        let bound = Bound(.seconds(5))
        let separator = Array("\r\n\r\n".utf8)
        while head == nil {
            if let range = wire.input.firstRange(of: separator) {
                head = try HTTP(parsing: Array(wire.input[..<range.upperBound]))
                wire.input.removeSubrange(..<range.upperBound)
            } else {
                guard !wire.isEnded, !bound.isOver else { throw Failure("no answer to the WebSocket request") }
                Wire.await([wire], bound)
                wire.fill()
            }
        }
        guard head?.status == 101 else { throw Failure("no WebSocket: \(head?.status ?? 0)") }
    }

    func send(_ opcode: Opcode, _ payload: [UInt8], isMasked: Bool = true) throws {
        try wire.send(Self.frame(opcode.rawValue, payload, isMasked: isMasked))
    }

    static func frame(_ opcode: UInt8, _ payload: [UInt8], isMasked: Bool = true) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        let flag: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.append(flag | UInt8(payload.count))
        case ..<65536: frame += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: frame += [flag | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard isMasked else { return frame + payload }
        let mask: [UInt8] = [0x1A, 0x2B, 0x3C, 0x4D]
        return frame + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    /// The next whole message that is there; pings are answered on the way.
    func next() throws -> (Opcode, [UInt8])? {
        while let (opcode, payload) = try frame() {
            switch opcode {
            case .ping: try? send(.pong, payload)
            case .pong: continue
            case .close:
                closeCode = payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
                closeReason = String(decoding: payload.dropFirst(2), as: UTF8.self)
            case .text, .binary: return (opcode, payload)
            }
        }
        return nil
    }

    private func frame() throws -> (Opcode, [UInt8])? {
        let input = wire.input
        guard input.count >= 2 else { return nil }
        guard input[0] & 0x80 != 0, input[1] & 0x80 == 0, let opcode = Opcode(rawValue: input[0] & 15) else {
            throw Failure("a server sends whole, unmasked messages: \(input.prefix(4))")
        }
        var start = 2
        var count = Int(input[1])
        if count >= 126 {
            let width = count == 126 ? 2 : 8
            start += width
            guard input.count >= start else { return nil }
            count = input[2..<start].reduce(0) { $0 << 8 | Int($1) }
        }
        guard input.count >= start + count else { return nil }
        wire.input.removeSubrange(..<(start + count))
        return (opcode, Array(input[start..<start + count]))
    }
}
