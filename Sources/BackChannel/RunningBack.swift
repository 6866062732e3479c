import Core
import Loop
import Node

/// A back process that runs: what may be done to it from other threads. Each call is carried out on the loop between two ticks.
public final class RunningBack: @unchecked Sendable {
    // The shell is touched on its loop only: everything here posts.
    private let mailbox: Mailbox
    private let shell: BackShell

    init(_ mailbox: Mailbox, _ shell: BackShell) {
        self.mailbox = mailbox
        self.shell = shell
    }

    /// Makes a channel that no front has linked yet. False if no family matches its id, or it cannot be made.
    @discardableResult
    public func open(_ channel: String) async -> Bool {
        await onLoop { shell in
            guard let id = try? ChannelID(channel) else { return false }
            return (try? shell.core.openChannel(id, now: shell.loop.now)) != nil
        }
    }

    /// Runs one tick of a channel now, whatever its rate. False if there is no such channel.
    @discardableResult
    public func tick(_ channel: String) async -> Bool {
        await onLoop { $0.core.tickByHand(channel, now: $0.loop.now) }
    }

    /// Changes how often a channel ticks; `.byHand` stops its clock. False if there is no such channel.
    @discardableResult
    public func setRate(_ rate: Rate, of channel: String) async -> Bool {
        await onLoop { $0.core.setRate(rate, of: channel, now: $0.loop.now) }
    }

    /// What everyone sees of a channel, as it is between ticks: its version and the canonical patch from nothing.
    public func state(of channel: String) async -> (version: UInt64, bytes: [UInt8])? {
        await onLoop { $0.core.encodedState(of: channel).map { ($0.0.rawValue, $0.1) } }
    }

    /// What one session of a channel should see of it: the rows of all its audiences together, as one canonical patch from
    /// nothing. Nil if the session is not there.
    public func view(of channel: String, for session: SessionID) async -> (version: UInt64, bytes: [UInt8])? {
        await onLoop { $0.core.encodedView(of: channel, for: session).map { ($0.0.rawValue, $0.1) } }
    }

    /// Says goodbye to every front and ends the process's loop.
    public func stop() { mailbox.post { self.shell.stop() } }

    private func onLoop<T: Sendable>(_ body: @escaping @Sendable (BackShell) -> T) async -> T {
        await withCheckedContinuation { continuation in
            mailbox.post {
                let answer = body(self.shell)
                self.shell.pump()
                continuation.resume(returning: answer)
            }
        }
    }
}
