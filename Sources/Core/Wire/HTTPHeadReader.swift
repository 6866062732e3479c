/// The first line of a request: `GET /channels/arena/1?since=5 HTTP/1.1`.
struct HTTPRequestLine {
    let method: String
    let target: HTTPTarget
    let version: HTTPVersion

    init(_ line: UnsafeRawBufferPointer) throws(HTTPError) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("a request line is method, target and version") }
        guard HTTPText.isToken(parts[0]) else { throw .malformed("the method is not a token") }
        method = String(decoding: parts[0], as: UTF8.self)
        version = try Self.version(parts[2])
        target = try HTTPTarget(UnsafeRawBufferPointer(rebasing: parts[1]), method: method)
    }

    private static func version(_ bytes: Slice<UnsafeRawBufferPointer>) throws(HTTPError) -> HTTPVersion {
        guard let version = try HTTPVersion.read(bytes) else { throw .versionUnknown }
        return version
    }
}

extension HTTPVersion {
    /// `HTTP/1.1` or `HTTP/1.0`; nil for other numbers.
    static func read(_ bytes: Slice<UnsafeRawBufferPointer>) throws(HTTPError) -> HTTPVersion? {
        let text = Array(bytes)
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[6] == UInt8(ascii: "."),
            HTTPText.isDigit(text[5]), HTTPText.isDigit(text[7])
        else { throw .malformed("the version is not HTTP's") }
        switch (text[5], text[7]) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): return .http11
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): return .http10
        default: return nil
        }
    }
}

/// Reads the head of one HTTP/1.1 request out of bytes that arrive in pieces, strictly.
///
/// Made for each request by the shell that reads the connection; after the head an `HTTPBodyReader` goes on where this one
/// stopped. Each byte is looked at once, and a line is judged as soon as its end is there. The strictness is the point: what
/// a proxy in front might read otherwise (bare LF, folded lines, two lengths) is refused, never guessed.
package struct HTTPHeadReader {
    private enum State {
        case inLine
        case inFields(HTTPRequestLine)
    }

    private let limits: HTTPLimits
    private var state = State.inLine
    private var lines = HTTPLineReader()
    private var fields: HTTPFieldReader

    package init(limits: HTTPLimits = .standard) {
        self.limits = limits
        fields = HTTPFieldReader(limits: limits)
    }

    /// The head, once all of it is there, with `offset` moved behind it.
    ///
    /// nil: more bytes are needed; the caller keeps those from `offset` on, which moves behind each whole line, and calls
    /// again with more behind them. After a head or an error this reader is used up.
    package mutating func next(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPRequestHead? {
        switch state {
        case .inLine:
            let line = try lines.next(
                in: bytes, from: &offset, limit: limits.requestLineByteLimit,
                tooLong: .headTooLong("the request line", limit: limits.requestLineByteLimit))
            guard let line else { return nil }
            let requestLine = try HTTPRequestLine(line)
            state = .inFields(requestLine)
            return try finish(requestLine, in: bytes, from: &offset)
        case .inFields(let requestLine):
            return try finish(requestLine, in: bytes, from: &offset)
        }
    }

    private mutating func finish(
        _ line: HTTPRequestLine, in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPRequestHead? {
        guard let headers = try fields.next(in: bytes, from: &offset) else { return nil }
        return try HTTPRequestHead(line, headers: headers)
    }
}
