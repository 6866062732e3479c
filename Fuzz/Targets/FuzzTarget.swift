/// The decoders that are fuzzed, each by the name that `scripts/fuzz.sh` takes and its corpus has.
///
/// A target is given any bytes. It may refuse them by its typed errors, which is no finding; what it takes has to hold
/// together (say the same again, be the same however it was cut), or it answers a `Finding`. A crash is one by itself.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case patch, mirror, schema
    case frames, opening, client, state, back, front, hub
    case websocket, head, response, body
    case json, text, names

    /// Feeds the target; called by the fuzzer for whatever it makes up and by `CorpusTests` for what is checked in.
    package func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        switch self {
        case .patch: try PatchFuzz.run(bytes)
        case .mirror: try MirrorFuzz.run(bytes)
        case .schema: try SchemaFuzz.run(bytes)
        case .frames: try FrameFuzz.run(bytes)
        case .opening, .client, .state, .back, .front, .hub: try MessageFuzz.run(bytes, MessageFuzz.kinds(of: self))
        case .websocket: try WebSocketFuzz.run(bytes)
        case .head: try HeadFuzz.run(bytes)
        case .response: try ResponseFuzz.run(bytes)
        case .body: try BodyFuzz.run(bytes)
        case .json: try JSONFuzz.run(bytes)
        case .text: try TextFuzz.run(bytes)
        case .names: try NameFuzz.run(bytes)
        }
    }

    /// Feeds it from memory of exactly these bytes, so that a sanitizer sees a read beyond them.
    package func run(_ bytes: [UInt8]) throws(Finding) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        try run(UnsafeRawBufferPointer(memory))
    }
}

/// A decoder took bytes and what it made of them does not hold together.
package struct Finding: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    static func unless(_ holds: Bool, _ what: @autoclosure () -> String) throws(Finding) {
        guard holds else { throw Finding(what()) }
    }
}
