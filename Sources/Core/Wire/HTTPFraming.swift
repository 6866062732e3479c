/// Where a body ends and whether the connection goes on: the headers that two readers must never understand differently.
enum HTTPFraming {
    /// The digits that a length may have, so that it fits an `Int`.
    private static let lengthDigitLimit = 18

    static func requestBodyLength(_ headers: HTTPHeaders, version: HTTPVersion) throws(HTTPError) -> HTTPBodyLength {
        let codings = headers.all("transfer-encoding")
        let lengths = headers.all("content-length")
        if codings.isEmpty {
            guard lengths.count <= 1 else { throw .malformed("more than one Content-Length") }
            guard let length = lengths.first else { return .none }
            return .length(try number(length))
        }
        guard lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding") }
        guard version == .http11 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        guard codings.count == 1 else { throw .malformed("more than one Transfer-Encoding") }
        guard HTTPText.equalIgnoringCase(codings[0], "chunked") else { throw .codingUnknown }
        return .chunked
    }

    static func fate(_ headers: HTTPHeaders, version: HTTPVersion) -> HTTPConnectionFate {
        if headers.hasToken("connection", "close") { return .close }
        switch version {
        case .http11: return .keepAlive
        case .http10: return headers.hasToken("connection", "keep-alive") ? .keepAlive : .close
        }
    }

    private static func number(_ text: String) throws(HTTPError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy(HTTPText.isDigit) else {
            throw .malformed("a Content-Length that is not plain digits")
        }
        guard text.utf8.count <= lengthDigitLimit, let value = Int(text) else {
            throw .malformed("a Content-Length with too many digits")
        }
        return value
    }
}
