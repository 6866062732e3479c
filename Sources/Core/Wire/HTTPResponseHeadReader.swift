/// The head of one answer, as a client reads it.
package struct HTTPResponseHead: Sendable {
    package let status: Int
    package let version: HTTPVersion
    package let headers: HTTPHeaders

    /// Where the body ends for an answer to `method`; nil means with the connection.
    package func bodyLength(answering method: String) throws(HTTPError) -> HTTPBodyLength? {
        guard method != "HEAD", HTTPResponse.mayHaveBody(status) else { return HTTPBodyLength.none }
        let length = try HTTPFraming.requestBodyLength(headers, version: version)
        return length == .none ? nil : length
    }
}

/// Reads the head of one HTTP answer out of bytes that arrive in pieces, as strictly as `HTTPHeadReader` reads requests.
/// The Swift client and `hub status` use it.
package struct HTTPResponseHeadReader {
    private enum State {
        case inLine
        case inFields(status: Int, HTTPVersion)
    }

    private let limits: HTTPLimits
    private var state = State.inLine
    private var lines = HTTPLineReader()
    private var fields: HTTPFieldReader

    package init(limits: HTTPLimits = .standard) {
        self.limits = limits
        fields = HTTPFieldReader(limits: limits)
    }

    /// The head, once all of it is there; nil if more bytes are needed, which go behind those from `offset` on.
    package mutating func next(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPResponseHead? {
        switch state {
        case .inLine:
            let line = try lines.next(
                in: bytes, from: &offset, limit: limits.requestLineByteLimit,
                tooLong: .headTooLong("the status line", limit: limits.requestLineByteLimit))
            guard let line else { return nil }
            let (status, version) = try Self.statusLine(line)
            state = .inFields(status: status, version)
            return try finish(status, version, in: bytes, from: &offset)
        case .inFields(let status, let version):
            return try finish(status, version, in: bytes, from: &offset)
        }
    }

    private mutating func finish(
        _ status: Int, _ version: HTTPVersion, in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPResponseHead? {
        guard let headers = try fields.next(in: bytes, from: &offset) else { return nil }
        return HTTPResponseHead(status: status, version: version, headers: headers)
    }

    /// `HTTP/1.1 200 OK`; the phrase may be empty.
    private static func statusLine(_ line: UnsafeRawBufferPointer) throws(HTTPError) -> (Int, HTTPVersion) {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { throw .malformed("a status line is version, status and phrase") }
        guard let version = try HTTPVersion.read(parts[0]) else { throw .versionUnknown }
        guard parts[1].count == 3, parts[1].allSatisfy(HTTPText.isDigit),
            let status = Int(String(decoding: parts[1], as: UTF8.self)), (100...599).contains(status)
        else { throw .malformed("the status is not three digits") }
        return (status, version)
    }
}
