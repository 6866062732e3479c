import Core

/// A request to one of the application's handlers, whole: its body has been read.
public struct WebRequest: Sendable {
    let head: HTTPRequestHead
    /// `GET`, `POST`, …; HEAD comes as `GET`, and its answer is sent without the body.
    public let method: String
    /// The address it comes from, without its port.
    public let peer: String
    /// The body, at most 1 MiB; empty for GET.
    public let body: [UInt8]
    /// The front that serves it: its channels and pages are a handler's way into the cluster.
    public let front: Front

    init(_ head: HTTPRequestHead, peer: String, body: [UInt8], front: Front) {
        self.head = head
        method = head.method == "HEAD" ? "GET" : head.method
        self.peer = peer
        self.body = body
        self.front = front
    }

    /// The path, decoded; it holds no `.` or `..` segment and no control byte.
    public var path: String { head.path }

    /// The parts of the path between its slashes, empty ones left out.
    public var segments: [Substring] { head.path.split(separator: "/") }

    /// The first value of this name in the query.
    public func query(_ name: String) -> String? { head.target.first(name) }

    /// The first header of this name, in any case.
    public func header(_ name: String) -> String? { head.headers.first(name) }

    /// A cookie of this name, as it was set.
    public func cookie(_ name: String) -> String? { Self.cookie(name, in: head) }

    static func cookie(_ name: String, in head: HTTPRequestHead) -> String? {
        for pair in head.headers.all("cookie").flatMap({ $0.split(separator: ";") }) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == name else { continue }
            return String(parts[1])
        }
        return nil
    }

    /// The fields of a form that was sent (`application/x-www-form-urlencoded`). Throws a `WebFailure` that the sender is
    /// answered with: 415 for another type, 400 for a form that cannot be read.
    public func form() throws(WebFailure) -> WebForm {
        guard HTTPForm.isForm(header("content-type")) else {
            throw WebFailure(415, "send the form as \(HTTPForm.type)")
        }
        do { return WebForm(try HTTPForm(body)) } catch { throw WebFailure(error.status, error.reason) }
    }
}

/// The fields of a form, in the order they were sent.
public struct WebForm: Sendable {
    private let form: HTTPForm

    init(_ form: HTTPForm) { self.form = form }

    /// The first value of this name; nil if it was not sent, empty if it was left empty.
    public subscript(name: String) -> String? { form.first(name) }

    /// All names and values.
    public var fields: [(name: String, value: String)] { form.fields.map { ($0.name, $0.value) } }
}

/// A request that a handler turns down: the status and the sentence that its sender reads.
public struct WebFailure: Error, Sendable, CustomStringConvertible {
    /// 400 to 599.
    public let status: Int
    public let description: String

    public init(_ status: Int, _ description: String) {
        self.status = status
        self.description = description
    }
}
