import Core

/// An application's handler: it may wait for channels, pages and other services. What it throws is answered: a `WebFailure` as it
/// says, anything else with 500 and a line in the log.
public typealias WebHandler = @Sendable (WebRequest) async throws -> WebResponse

extension FrontSetup {
    /// Answers GET and HEAD of a path, or of all paths below one: `get("/b/*") { request in … }`. Handlers go before files, a
    /// whole path before a pattern, a longer pattern before a shorter one.
    ///
    /// An answer with status 200 gets an `ETag` of its content, and a browser that has the content is answered 304, unless the
    /// handler set `Cache-Control: no-store`.
    public mutating func get(_ pattern: String, _ handler: @escaping WebHandler) {
        add("GET", pattern, handler)
    }

    /// Answers POST of a path. The body has been read when the handler is called: at most 1 MiB (413), within 10 s and at
    /// 1 KiB/s (408). A form that another site's page sends is refused with 403 (`allow(origins:)` lists exceptions).
    public mutating func post(_ pattern: String, _ handler: @escaping WebHandler) {
        add("POST", pattern, handler)
    }

    /// Any other method, as `on("PUT", "/thing/*")`.
    public mutating func on(_ method: String, _ pattern: String, _ handler: @escaping WebHandler) {
        add(method, pattern, handler)
    }

    mutating func add(_ method: String, _ pattern: String, _ handler: @escaping WebHandler) {
        do { try routes.add(method, pattern, handler) } catch { problem = problem ?? "\(error)" }
    }
}
