import Core
import State
import Testing

/// Feeds a reader as a shell would, from buffers of exactly the bytes there are, and writes down what it says.
struct WebSocketProbe {
    enum Said: Equatable {
        case text([UInt8])
        case binary([UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(UInt16?, String)
    }

    var said: [Said] = []
    var error: WebSocketError?
    /// The most bytes that were left with the caller.
    var leftoverMaximum = 0
    /// The most memory that the reader held.
    var heldMaximum = 0
    var heldAtEnd = 0

    init(_ bytes: [UInt8], pieceSize: Int = .max, role: WebSocketRole = .client, limit: Int = 1 << 18) {
        var cuts: [Int] = []
        if pieceSize < bytes.count { cuts = Array(stride(from: pieceSize, to: bytes.count, by: pieceSize)) }
        self.init(bytes, cuts: cuts, role: role, limit: limit)
    }

    init(_ bytes: [UInt8], cuts: [Int], role: WebSocketRole = .client, limit: Int = 1 << 18) {
        var reader = WebSocketReader(role: role, messageLimit: limit)
        var kept: [UInt8] = []
        for (start, end) in zip([0] + cuts, cuts + [bytes.count]) where error == nil {
            let piece = kept + bytes[start..<end]
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
            defer { buffer.deallocate() }
            buffer.copyBytes(from: piece)
            var offset = 0
            do {
                while let event = try reader.next(in: buffer, from: &offset) { said.append(Self.copy(event)) }
            } catch {
                self.error = error
            }
            kept = Array(buffer[offset...])
            leftoverMaximum = max(leftoverMaximum, kept.count)
            heldAtEnd = reader.heldByteCount
            heldMaximum = max(heldMaximum, heldAtEnd)
        }
    }

    private static func copy(_ event: WebSocketEvent) -> Said {
        switch event {
        case .message(.text, let payload): .text(Array(payload))
        case .message(.binary, let payload): .binary(Array(payload))
        case .ping(let payload): .ping(Array(payload))
        case .pong(let payload): .pong(Array(payload))
        case .close(let code, let reason): .close(code, reason)
        }
    }

    /// A frame spelled out, so that wrong ones can be made too; masked for a server if a key is given.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], final: UInt8 = 0x80, key: UInt32? = nil
    ) -> [UInt8] {
        var out = ByteWriter()
        if let key {
            payload.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: key, to: &out) }
        } else {
            payload.withUnsafeBytes { WebSocketWriter.message(.binary, $0, to: &out) }
        }
        out.bytes[0] = final | opcode
        return out.bytes
    }

    static func hex(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// A long conversation with everything in it, and what is to be heard.
    static func conversation(key: UInt32?) -> (bytes: [UInt8], said: [Said]) {
        let long = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let middle = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let euro = Array("a€ 😀 ü".utf8)
        let frames = [
            frame(1, Array("Hello".utf8), key: key), frame(2, [], key: key), frame(9, [1, 2, 3], key: key),
            frame(1, Array(euro[..<2]), final: 0, key: key), frame(9, [], key: key),
            frame(0, Array(euro[2..<7]), final: 0, key: key), frame(10, [9], key: key),
            frame(0, [], final: 0, key: key), frame(0, Array(euro[7...]), key: key),
            frame(2, middle, key: key), frame(2, long, key: key),
            frame(2, [], final: 0, key: key), frame(0, middle, final: 0, key: key), frame(0, [7], key: key),
            frame(8, [0x03, 0xE8] + Array("bye".utf8), key: key), frame(1, [0xFF], key: key),
        ]
        let said: [Said] = [
            .text(Array("Hello".utf8)), .binary([]), .ping([1, 2, 3]), .ping([]), .pong([9]), .text(euro),
            .binary(middle), .binary(long), .binary(middle + [7]), .close(1000, "bye"),
        ]
        return (frames.flatMap { $0 }, said)
    }
}

@Test(
    "A conversation cut into pieces of any size is heard the same", arguments: [1, 2, 3, 5, 7, 13, 64, 139, 4096, .max])
func webSocketPieces(size: Int) {
    for (key, role) in [(nil, WebSocketRole.client), (0xA1B2_C3D4, .server)] as [(UInt32?, WebSocketRole)] {
        let (bytes, said) = WebSocketProbe.conversation(key: key)
        let probe = WebSocketProbe(bytes, pieceSize: size, role: role)
        #expect(probe.said == said)
        #expect(probe.error == nil)
        #expect(probe.leftoverMaximum < WebSocketReader.leftoverByteLimit)
    }
}

@Test("A short conversation cut in two at every byte is heard the same")
func webSocketCuts() {
    let key: UInt32 = 0x0102_0304
    let frames =
        WebSocketProbe.frame(1, Array("Grüße".utf8), final: 0, key: key) + WebSocketProbe.frame(9, [1], key: key)
        + WebSocketProbe.frame(0, Array(", 世界".utf8), key: key)
        + WebSocketProbe.frame(2, Array(repeating: 5, count: 200), key: key)
        + WebSocketProbe.frame(8, [0x0F, 0xA8], key: key)
    let whole = WebSocketProbe(frames, role: .server)
    #expect(whole.said.count == 4 && whole.error == nil)
    for cut in 0...frames.count {
        #expect(WebSocketProbe(frames, cuts: [cut], role: .server).said == whole.said, "cut at \(cut)")
        let truncated = WebSocketProbe(Array(frames[..<cut]), role: .server)
        #expect(truncated.error == nil, "truncated at \(cut)")
        #expect(whole.said.starts(with: truncated.said), "truncated at \(cut)")
    }
}

@Test("With any bit flipped the bytes are an error or something valid, however they are cut")
func webSocketBitFlips() {
    let key: UInt32 = 0xDEAD_BEEF
    let bytes =
        WebSocketProbe.frame(1, Array("a€b".utf8), final: 0, key: key) + WebSocketProbe.frame(0, [0x41], key: key)
        + WebSocketProbe.frame(2, Array(repeating: 9, count: 130), key: key)
        + WebSocketProbe.frame(9, [1, 2], key: key) + WebSocketProbe.frame(8, [0x03, 0xE9, 0x78], key: key)
    for bit in 0..<bytes.count * 8 {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        let whole = WebSocketProbe(flipped, role: .server)
        let dripped = WebSocketProbe(flipped, pieceSize: 1, role: .server)
        #expect(whole.error == dripped.error, "bit \(bit)")
        #expect(whole.said == dripped.said, "bit \(bit)")
    }
}
