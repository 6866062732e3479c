import Core
import Loop

/// Runs the application's handlers beside the loop and brings their answers back to it.
final class WebHandlers {
    private unowned let shell: FrontShell
    /// The handle that handlers get. It keeps the shell: a front without handlers makes none.
    private(set) lazy var front = Front(shell.loop.mailbox, Confined(shell), .ofProcess)
    private var runningCount = 0
    /// Answers of 500 since the start, and when the log heard of one last: an operator reads one line a second, not a flood.
    private(set) var failureCount: UInt64 = 0
    private var loggedAt: Instant?

    /// Handlers at once. Each is a task with its request; beyond them 503.
    static let runningLimit = 1000

    init(_ shell: FrontShell) { self.shell = shell }

    func run(_ handler: @escaping WebHandler, _ head: HTTPRequestHead, _ id: ConnectionID) {
        guard runningCount < Self.runningLimit else {
            let busy = WebFailure(503, "too many requests are being answered; try again in a moment")
            return shell.core.answer(id, WebResponse(busy).response, now: shell.loop.now)
        }
        runningCount += 1
        let request = WebRequest(
            head, peer: shell.clients.stream(id)?.peer?.host ?? "", body: shell.core.takeBody(of: id), front: front)
        let mailbox = shell.loop.mailbox
        let confined = Confined(self)
        Task {
            let outcome: Result<WebResponse, any Error>
            do { outcome = .success(try await handler(request)) } catch { outcome = .failure(error) }
            mailbox.post { confined.value.ended(outcome, head, id) }
        }
    }

    private func ended(_ outcome: Result<WebResponse, any Error>, _ head: HTTPRequestHead, _ id: ConnectionID) {
        runningCount -= 1
        shell.core.answer(id, response(to: outcome, head), now: shell.loop.now)
        shell.pump()
    }

    private func response(to outcome: Result<WebResponse, any Error>, _ head: HTTPRequestHead) -> HTTPResponse {
        switch outcome {
        case .success(let answer):
            var response = answer.tagged(for: head)
            for (path, floor) in answer.floors {
                let value = PageFloorCookie.value(floor, path: path, key: shell.core.settings.key)
                response.setCookie(PageFloorCookie.name, value, seconds: PageFloorCookie.seconds, path: path)
            }
            return response
        case .failure(let failure as WebFailure): return WebResponse(failure).response
        case .failure(let error):
            failureCount += 1
            let now = shell.loop.now
            if loggedAt.map({ now.since($0) >= .seconds(1) }) ?? true {
                loggedAt = now
                shell.log.error(
                    "a handler failed",
                    ["method": head.method, "path": head.path, "error": "\(error)", "failures": "\(failureCount)"])
            }
            return WebResponse(WebFailure(500, "something went wrong here; it has been noted")).response
        }
    }
}
