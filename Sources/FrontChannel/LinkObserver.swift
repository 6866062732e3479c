import Core
import Node
import State

/// A link that a program in this process watches: who waits for its beginning, who for its next change. On the loop's thread.
final class LinkObserver: FrontObserver {
    private let id: ChannelID
    private var begun: ((Result<LinkStart, LinkFailure>) -> Void)?
    private var data: [UInt8] = []
    /// Who waits for what follows the state that they hold.
    private struct Waiting {
        let held: Held
        let done: (Result<Update?, LinkFailure>) -> Void
    }

    /// What a reader of updates holds.
    struct Held: Sendable {
        var lineage: UInt64
        var version: UInt64
        var renewal: Int
    }

    private var waiting: [Waiting] = []
    /// How often the state was asked for anew, and up to which of those it is here.
    private var renewalCount = 0
    private var renewal = 0
    var messages: [AsyncStream<[UInt8]>.Continuation] = []

    private init(_ id: ChannelID, _ begun: @escaping (Result<LinkStart, LinkFailure>) -> Void) {
        self.id = id
        self.begun = begun
    }

    static func begin(
        _ id: ChannelID, _ options: [UInt8], _ shell: FrontShell,
        _ done: @escaping (Result<LinkStart, LinkFailure>) -> Void
    ) {
        guard shell.observers[id] == nil else {
            return done(.failure(LinkFailure("'\(id)' is linked here already", code: 4007)))
        }
        shell.observers[id] = LinkObserver(id, done)
        do {
            try shell.core.observe(id, options: options, now: shell.loop.now)
        } catch {
            shell.observers[id] = nil
            done(.failure(LinkFailure(error)))
        }
        shell.pump()
    }

    static func end(_ id: ChannelID, _ shell: FrontShell) {
        guard let observer = shell.observers.removeValue(forKey: id) as? LinkObserver else { return }
        shell.core.endObservation(of: id, now: shell.loop.now)
        observer.finish(.success(nil))
        shell.pump()
    }

    static func awaitUpdate(
        _ id: ChannelID, _ shell: FrontShell, _ held: Held,
        _ done: @escaping (Result<Update?, LinkFailure>) -> Void
    ) {
        guard let observer = shell.observers[id] as? LinkObserver else { return done(.success(nil)) }
        observer.waiting.append(Waiting(held: held, done: done))
        observer.serve(shell)
    }

    static func renew(_ id: ChannelID, _ shell: FrontShell) {
        guard let observer = shell.observers[id] as? LinkObserver else { return }
        observer.renewalCount += 1
        shell.core.renewLink(to: id, now: shell.loop.now)
        shell.pump()
    }

    func observed(_ observation: FrontCore.Observation, _ shell: FrontShell) {
        switch observation {
        case .linked(let data):
            self.data = data
            renewal = renewalCount
            if let begun, let state = shell.core.encodedState(of: id) {
                self.begun = nil
                begun(.success(LinkStart(state: state, data: data)))
            }
            serve(shell)
        case .advanced: serve(shell)
        case .message(let bytes):
            for message in messages { message.yield(bytes) }
        case .unlinked(let farewell):
            shell.observers[id] = nil
            finish(.failure(LinkFailure(farewell)))
        }
    }

    private func serve(_ shell: FrontShell) {
        let asking = waiting
        waiting = []
        for ask in asking {
            // After a renewal everything, also what has not changed.
            let version = ask.held.renewal == renewal ? ask.held.version : 0
            let update = shell.core.update(
                of: id, held: Lineage(rawValue: ask.held.lineage), from: Version(rawValue: version))
            if let update {
                ask.done(.success(Update(update, renewal: renewal)))
            } else {
                waiting.append(ask)
            }
        }
    }

    private func finish(_ outcome: Result<Update?, LinkFailure>) {
        if let begun {
            self.begun = nil
            if case .failure(let failure) = outcome {
                begun(.failure(failure))
            } else {
                begun(.failure(LinkFailure("the link was ended before it began")))
            }
        }
        for ask in waiting { ask.done(outcome) }
        waiting = []
        for message in messages { message.finish() }
        messages = []
    }
}

extension Update {
    init(_ update: FrontCore.StateUpdate, renewal: Int) {
        self.init(
            lineage: update.lineage.rawValue, epoch: update.epoch.rawValue, base: update.base?.rawValue,
            version: update.version.rawValue, tick: update.tick.rawValue, schema: update.schemaBytes,
            bytes: update.patch, renewal: renewal)
    }
}
