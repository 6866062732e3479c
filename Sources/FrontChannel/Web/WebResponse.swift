import Core

/// What a handler answers.
public struct WebResponse: Sendable {
    var response: HTTPResponse
    /// What the reader's next reads of these pages are not older than.
    var floors: [(path: String, floor: PageFloor)] = []

    /// Any status, with a body of any type. Header values are cut clean of line ends.
    public init(status: Int = 200, type: String, body: [UInt8], headers: [String: String] = [:]) {
        response = HTTPResponse(status: status, body: .bytes(body))
        response.headers.set("Content-Type", type)
        response.headers.set("X-Content-Type-Options", "nosniff")
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { response.headers.set(name, value) }
    }

    /// A page.
    public static func html(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> WebResponse {
        WebResponse(status: status, type: "text/html; charset=utf-8", body: Array(text.utf8), headers: headers)
    }

    /// Plain text.
    public static func text(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> WebResponse {
        WebResponse(status: status, type: "text/plain; charset=utf-8", body: Array(text.utf8), headers: headers)
    }

    /// JSON that is text already.
    public static func json(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> WebResponse {
        WebResponse(status: status, type: "application/json", body: Array(text.utf8), headers: headers)
    }

    /// Sends the browser on with a GET (303): the answer to a form, so that a reload does not send it again.
    public static func redirect(to location: String, headers: [String: String] = [:]) -> WebResponse {
        var answer = text("see \(location)\n", status: 303, headers: headers)
        answer.response.headers.set("Location", location)
        answer.response.headers.set("Cache-Control", "no-store")
        return answer
    }

    /// The same with a cookie: readable by this site's servers only (`HttpOnly`, `SameSite=Lax`), for so many seconds.
    public func cookie(_ name: String, _ value: String, seconds: Int, path: String = "/") -> WebResponse {
        var answer = self
        answer.response.setCookie(name, value, seconds: seconds, path: path)
        return answer
    }

    init(_ failure: WebFailure) { self = .text(failure.description + "\n", status: failure.status) }

    /// A whole answer to a GET carries a tag of its content, and a reader that has the content already is told just that.
    func tagged(for head: HTTPRequestHead) -> HTTPResponse {
        guard response.status == 200, head.method == "GET" || head.method == "HEAD",
            response.headers.first("cache-control")?.contains("no-store") != true,
            case .bytes(let bytes) = response.body
        else { return response }
        var answer = response
        if answer.headers.first("etag") == nil { answer.headers.set("ETag", "\(HTTPEntityTag(of: bytes))") }
        if answer.headers.first("cache-control") == nil { answer.headers.set("Cache-Control", "no-cache") }
        return answer.unlessHeld(by: head)
    }
}

extension HTTPResponse {
    mutating func setCookie(_ name: String, _ value: String, seconds: Int, path: String) {
        headers.append("Set-Cookie", "\(name)=\(value); Path=\(path); Max-Age=\(seconds); HttpOnly; SameSite=Lax")
    }

    /// 304 without the body, if the request says that it holds what this answer's tag names.
    func unlessHeld(by head: HTTPRequestHead) -> HTTPResponse {
        guard let tag = headers.first("etag").map(HTTPEntityTag.init(quoted:)),
            tag.isNamed(by: head.headers.first("if-none-match"))
        else { return self }
        var answer = self
        answer.status = 304
        answer.headers.remove("content-type")
        answer.body = .bytes([])
        return answer
    }
}
