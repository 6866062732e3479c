import Core
import State

/// The WebSocket of a client of the text form, as a browser would do it: the upgrade, then one message after the other. It takes
/// no more than a server sends it: nothing fragmented, nothing masked.
struct TextSocket {
    enum Arrival {
        case opened
        case text([UInt8])
        case ping([UInt8])
        case closed
        /// Not what a server says.
        case broken(String)
    }

    private var held: [UInt8] = []
    private var isOpen = false

    static let opening = Array(
        ("GET /connect HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: switchback.json.1\r\n"
            + "Sec-WebSocket-Version: 13\r\n\r\n").utf8)

    static func message(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        payload.withUnsafeBytes { WebSocketWriter.masked(opcode, $0, key: 0x0102_0304, to: &writer) }
        return writer.bytes
    }

    mutating func receive(_ bytes: [UInt8]) { held += bytes }

    mutating func next() -> Arrival? {
        isOpen ? nextMessage() : nextHead()
    }

    private mutating func nextHead() -> Arrival? {
        let end = Array("\r\n\r\n".utf8)
        guard let place = held.indices.first(where: { held[$0...].starts(with: end) }) else { return nil }
        let head = String(decoding: held[..<place], as: UTF8.self)
        held.removeFirst(place + end.count)
        guard head.hasPrefix("HTTP/1.1 101") else { return .broken("the upgrade is answered \(head.prefix(40))") }
        isOpen = true
        return .opened
    }

    private mutating func nextMessage() -> Arrival? {
        guard held.count >= 2 else { return nil }
        let (first, second) = (held[0], held[1])
        let extra = second == 126 ? 2 : second == 127 ? 8 : 0
        guard first & 0x80 != 0, second & 0x80 == 0 else { return .broken("a fragment, or masked") }
        guard held.count >= 2 + extra else { return nil }
        let long = held[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        let count = extra == 0 ? Int(second) : long
        guard held.count >= 2 + extra + count else { return nil }
        let payload = Array(held[(2 + extra)..<(2 + extra + count)])
        held.removeFirst(2 + extra + count)
        switch first & 0x0F {
        case 1: return .text(payload)
        case 8: return .closed
        case 9: return .ping(payload)
        default: return .broken("opcode \(first & 0x0F)")
        }
    }
}
