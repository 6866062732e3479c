import Core

/// G9: nobody who speaks correctly is told that he does not, whatever others send.
final class PeerChecker {
    private unowned let world: World

    init(_ world: World) { self.world = world }

    /// Codes that stand for bytes that were not understood.
    static func blames(_ code: CloseCode) -> Bool {
        switch code {
        case .protocolError, .notUTF8, .tooBig, .failed, .version, .unproven, .expired, .duplicate: true
        case .done, .goingAway, .moved, .overloaded, .superseded, .refused, .unknownChannel, .timedOut, .slow,
            .unavailable, .stale:
            false
        }
    }

    func clientSaid(_ client: SimulatedClient, _ status: ClientStatus) {
        switch status {
        case .connecting: world.tally.connectionsTried += 1
        case .connected: world.tally.connections += 1
        case .waiting(_, let code, let reason):
            if Self.blames(code) { world.fail(.g9, "\(client.name) was told '\(code.name)': \(reason)") }
        case .stopped(let code, let reason):
            if code != .done { world.fail(.liveness, "\(client.name) stopped: \(code.name), \(reason)") }
        }
    }

    func clientUnlinked(_ client: SimulatedClient, _ channel: String, _ farewell: Farewell, isFinal: Bool) {
        if isFinal || Self.blames(farewell.code) {
            world.fail(.g9, "\(client.name) was told of \(channel): \(farewell.code.name), \(farewell.reason)")
        }
    }

    /// A back ended a trunk of a front of ours.
    func trunkEnded(by back: String, _ farewell: Farewell, peer: SimulatedProcess?) {
        guard peer is SimulatedFront, Self.blames(farewell.code) else { return }
        world.fail(.g9, "\(back) ended the trunk of \(peer?.name ?? "a front"): \(farewell.reason)")
    }

    func nodeEnded(_ name: String, _ farewell: Farewell) {
        guard Self.blames(farewell.code), farewell.code != .duplicate else { return }
        world.fail(.g9, "\(name) did not understand the hub: \(farewell.reason)")
    }
}
