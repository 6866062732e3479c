import State

/// An answer on its way out, as one block of bytes.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// The shell writes the body after the head until it closes the connection: server-sent events.
        case untilClose
    }

    package var status: Int
    /// Without `Content-Length`, `Connection` and `Date`, which are written by `append`.
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A text, by default plain.
    package init(
        status: Int, text: String, type: String = "text/plain; charset=utf-8", headers: HTTPHeaders = [:]
    ) {
        self.init(status: status, headers: headers, body: .bytes(Array(text.utf8)))
        self.headers.set("Content-Type", type)
    }

    /// The answer to a request that was refused; goes with `.close`.
    package init(_ error: HTTPError) { self.init(status: error.status, text: error.reason + "\n") }

    /// `HTTP/1.1 100 Continue`: what a client that `expectsContinue` waits for.
    package static let continueBytes = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends head and body.
    ///
    /// - Parameters:
    ///   - method: of the request that is answered; for HEAD the body is left out and its length is kept.
    ///   - date: as RFC 9110 writes dates; left out if nil.
    package func append(
        to out: inout ByteWriter, method: String = "GET", fate: HTTPConnectionFate, date: String? = nil
    ) {
        out.raw("HTTP/1.1 \(status) \(Self.phrase(status))\r\n".utf8)
        if let date { Self.line("Date", date, to: &out) }
        for field in headers.fields { Self.line(field.name, field.value, to: &out) }
        switch body {
        case .bytes(let bytes):
            if Self.mayHaveBody(status) { Self.line("Content-Length", String(bytes.count), to: &out) }
            if status != 101 { Self.line("Connection", fate == .close ? "close" : "keep-alive", to: &out) }
            out.raw("\r\n".utf8)
            if method != "HEAD", Self.mayHaveBody(status) { out.raw(bytes) }
        case .untilClose:
            Self.line("Connection", "close", to: &out)
            out.raw("\r\n".utf8)
        }
    }

    package func bytes(method: String = "GET", fate: HTTPConnectionFate, date: String? = nil) -> [UInt8] {
        var out = ByteWriter()
        append(to: &out, method: method, fate: fate, date: date)
        return out.bytes
    }

    /// RFC 9110: these statuses end with their head.
    static func mayHaveBody(_ status: Int) -> Bool { status >= 200 && status != 204 && status != 304 }

    static func line(_ name: String, _ value: String, to out: inout ByteWriter) {
        out.raw(HTTPText.lineSafe(name))
        out.raw(": ".utf8)
        out.raw(HTTPText.lineSafe(value))
        out.raw("\r\n".utf8)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
