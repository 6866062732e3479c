import Core
import State
import Testing

@Suite("Frames")
struct FrameTests {
    private static func frames(_ pieces: [[UInt8]], limit: Int = 1000) throws -> [[UInt8]] {
        var reader = FrameReader(limit: limit)
        var frames: [[UInt8]] = []
        for piece in pieces {
            try piece.withUnsafeBytes {
                try reader.receive(
                    $0, { (frame) throws(WireError) in frames.append(Array(frame.whole)) }, failed: { $0 })
            }
        }
        return frames
    }

    private static let stream: [[UInt8]] = [0, 1, 126, 127, 128, 300].map { count in
        var writer = ByteWriter()
        writer.frame(.toFront) { $0.raw([UInt8](repeating: 0xF9, count: count)) }
        return writer.bytes
    }

    @Test("Frames arrive whole: at once, byte by byte, and split at every byte")
    func split() throws {
        let bytes = Array(Self.stream.joined())
        #expect(try Self.frames([bytes]) == Self.stream)
        #expect(try Self.frames(bytes.map { [$0] }) == Self.stream)
        for place in bytes.indices {
            #expect(try Self.frames([Array(bytes[..<place]), Array(bytes[place...])]) == Self.stream, "at \(place)")
        }
    }

    @Test("A length over the limit is refused from its length alone", arguments: [1000, 126, 127])
    func limit(limit: Int) throws {
        var writer = ByteWriter()
        writer.num(UInt64(limit + 1))
        #expect(throws: WireError.overLimit(what: "a frame", value: UInt64(limit + 1), limit: UInt64(limit))) {
            try Self.frames([writer.bytes], limit: limit)
        }
        var whole = ByteWriter()
        whole.frame(.toFront) { $0.raw([UInt8](repeating: 1, count: limit - 1)) }
        #expect(try Self.frames([whole.bytes], limit: limit).count == 1)
    }

    @Test(
        "What is no frame is refused",
        arguments: [[0x00], [0x01, 0x00], [0x01, 0xFF], [0x80, 0x01], [0xF5], [0xFF, 0x01], [0xF0, 0, 0, 0, 1]]
            as [[UInt8]])
    func noise(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try Self.frames([bytes]) }
        #expect(throws: WireError.self) { try Self.frames(bytes.map { [$0] }) }
    }
}
