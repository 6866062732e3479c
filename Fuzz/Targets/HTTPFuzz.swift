import Core

/// HTTP as it comes: what a reader takes from the bytes at its front, whole or in pieces of one byte.
private struct Pieces {
    private let stream: [UInt8]
    private let pieceSize: Int

    init(_ stream: [UInt8], of pieceSize: Int) {
        self.stream = stream
        self.pieceSize = pieceSize
    }

    /// Calls `body` with what has not been taken, each time with one piece more; it answers how much it took.
    func feed(_ body: (UnsafeRawBufferPointer) throws(HTTPError) -> Int) throws(HTTPError) {
        var left: [UInt8] = []
        var start = 0
        while start < stream.count {
            let end = pieceSize < stream.count - start ? start + pieceSize : stream.count
            left += stream[start..<end]
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: left.count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: left)
            left.removeFirst(try body(UnsafeRawBufferPointer(memory)))
            start = end
        }
    }
}

/// Requests one behind the other.
enum HeadFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        let stream = Array(bytes)
        let (whole, dripped) = (read(stream, pieceSize: .max), read(stream, pieceSize: 1))
        try Finding.unless(whole.heads == dripped.heads, "other heads byte by byte")
        try Finding.unless(whole.error == dripped.error, "another error byte by byte")
    }

    private static func read(_ stream: [UInt8], pieceSize: Int) -> (heads: [String], error: HTTPError?) {
        var heads: [String] = []
        var reader = HTTPHeadReader()
        do throws(HTTPError) {
            try Pieces(stream, of: pieceSize).feed { (memory) throws(HTTPError) in
                var offset = 0
                while let head = try reader.next(in: memory, from: &offset) {
                    heads.append("\(head.method) \(head.path) \(head.query.map(\.value)) \(head.bodyLength)")
                    _ = (head.keepAlive, head.expectsContinue, head.host, head.target.first("since"))
                    _ = WebSocketUpgrade.isAsked(by: head)
                    _ = WebSocketUpgrade.check(head, subprotocols: ["switchback.1"])
                    reader = HTTPHeadReader()
                }
                return offset
            }
        } catch {
            return (heads, error)
        }
        return (heads, nil)
    }
}

/// An answer's head, also as one that grants a WebSocket.
enum ResponseFuzz {
    private static let upgrade = WebSocketClientUpgrade(
        host: "a", path: "/connect", subprotocols: ["switchback.1"], nonce: Array(repeating: 7, count: 16))

    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        let stream = Array(bytes)
        let (whole, dripped) = (read(stream, pieceSize: .max), read(stream, pieceSize: 1))
        try Finding.unless(whole == dripped, "read otherwise byte by byte: \(whole) and \(dripped)")
    }

    private static func read(_ stream: [UInt8], pieceSize: Int) -> String {
        var said = "not all"
        var reader = HTTPResponseHeadReader()
        do throws(HTTPError) {
            try Pieces(stream, of: pieceSize).feed { (memory) throws(HTTPError) in
                var offset = 0
                guard said == "not all" else { return memory.count }
                if let head = try reader.next(in: memory, from: &offset) {
                    let length = try head.bodyLength(answering: "GET")
                    said = "\(head.status) \(length.map { "\($0)" } ?? "to the end")"
                    _ = try? upgrade.check(head)
                }
                return offset
            }
        } catch {
            return "\(error)"
        }
        return said
    }
}

/// A body: `u8` its length, or chunks if that is over 200; then its bytes.
enum BodyFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        guard let first = bytes.first else { return }
        let length = first > 200 ? HTTPBodyLength.chunked : .length(Int(first))
        let stream = Array(bytes.dropFirst())
        let (whole, dripped) = (read(stream, length, pieceSize: .max), read(stream, length, pieceSize: 1))
        try Finding.unless(whole.body == dripped.body || whole.error != nil, "another body byte by byte")
        try Finding.unless(whole.error == dripped.error, "another error byte by byte")
        try Finding.unless(whole.isComplete == dripped.isComplete, "another end byte by byte")
        try Finding.unless(whole.body.count <= stream.count, "a body longer than what came")
    }

    private static func read(
        _ stream: [UInt8], _ length: HTTPBodyLength, pieceSize: Int
    ) -> (body: [UInt8], isComplete: Bool, error: HTTPError?) {
        var body: [UInt8] = []
        var isComplete = false
        do throws(HTTPError) {
            var reader = try HTTPBodyReader(length)
            try Pieces(stream, of: pieceSize).feed { (memory) throws(HTTPError) in
                var offset = 0
                while !isComplete, let piece = try reader.next(in: memory, from: &offset) {
                    switch piece {
                    case .bytes(let bytes): body += Array(bytes)
                    case .end: isComplete = true
                    }
                }
                return isComplete ? memory.count : offset
            }
        } catch {
            return (body, isComplete, error)
        }
        return (body, isComplete, nil)
    }
}
