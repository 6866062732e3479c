import State

/// Why a peer's HTTP bytes were refused. The answer is `status` with `reason` as its text, then the connection closes.
package enum HTTPError: Error, Equatable, Sendable {
    /// Not HTTP/1.1 as this server takes it; the word says what is wrong.
    case malformed(WireError.StaticWord)
    /// The request did not arrive in time. Thrown by nobody here: for the shell, which has the clock.
    case timedOut(WireError.StaticWord)
    /// The body is, or announces to be, longer than the limit.
    case bodyTooLong(byteCount: UInt64, limit: Int)
    /// An expectation other than `100-continue`.
    case expectationUnknown
    /// The request line, the header block or the number of headers is over its limit.
    case headTooLong(WireError.StaticWord, limit: Int)
    /// A transfer coding other than `chunked`.
    case codingUnknown
    /// An HTTP version that is neither 1.0 nor 1.1.
    case versionUnknown

    package var status: Int {
        switch self {
        case .malformed: 400
        case .timedOut: 408
        case .bodyTooLong: 413
        case .expectationUnknown: 417
        case .headTooLong: 431
        case .codingUnknown: 501
        case .versionUnknown: 505
        }
    }

    /// A sentence for the answer's body and the log; never holds a peer's bytes.
    package var reason: String {
        switch self {
        case .malformed(let what), .timedOut(let what): what.description
        case .bodyTooLong(let byteCount, let limit): "a body of \(byteCount) bytes, the limit is \(limit)"
        case .expectationUnknown: "only 100-continue may be expected"
        case .headTooLong(let what, let limit): "\(what) is over its limit of \(limit)"
        case .codingUnknown: "the only transfer coding is chunked"
        case .versionUnknown: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        }
    }
}
