import Loop

/// The clients of one loop. What they want done gathers during a turn and is done at its end, so that each writes at most once
/// a turn; none of them has a thread or a turn-end body of its own.
package final class ClientGroup {
    package let loop: EventLoop
    private var waiting: [ClientShell] = []

    /// Whoever makes it keeps it for as long as it has clients.
    package init(on loop: EventLoop) {
        self.loop = loop
        loop.onTurnEnd { [weak self] in self?.pumpAll() }
    }

    /// At the end of this turn the client's directives are carried out.
    func pumpLater(_ client: ClientShell) { waiting.append(client) }

    private func pumpAll() {
        while !waiting.isEmpty {
            let now = waiting
            waiting = []
            for client in now { client.pump() }
        }
    }
}
