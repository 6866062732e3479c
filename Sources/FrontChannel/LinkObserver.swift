import Core
import Node
import State

/// A link that a program in this process watches: who waits for its beginning, who for its next change. On the loop's thread.
final class LinkObserver: FrontObserver {
    private let id: ChannelID
    private var begun: ((Result<LinkStart, LinkFailure>) -> Void)?
    private var data: [UInt8] = []
    private var waiting: [(lineage: UInt64, version: UInt64, (Result<Update?, LinkFailure>) -> Void)] = []
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
        _ id: ChannelID, _ shell: FrontShell, _ lineage: UInt64, _ version: UInt64,
        _ done: @escaping (Result<Update?, LinkFailure>) -> Void
    ) {
        guard let observer = shell.observers[id] as? LinkObserver else { return done(.success(nil)) }
        observer.waiting.append((lineage, version, done))
        observer.serve(shell)
    }

    func observed(_ observation: FrontCore.Observation, _ shell: FrontShell) {
        switch observation {
        case .linked(let data):
            self.data = data
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
            let held = Lineage(rawValue: ask.lineage)
            if let update = shell.core.update(of: id, held: held, from: Version(rawValue: ask.version)) {
                ask.2(.success(Update(update)))
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
        for ask in waiting { ask.2(outcome) }
        waiting = []
        for message in messages { message.finish() }
        messages = []
    }
}

extension Update {
    init(_ update: FrontCore.StateUpdate) {
        self.init(
            lineage: update.lineage.rawValue, epoch: update.epoch.rawValue, base: update.base?.rawValue,
            version: update.version.rawValue, tick: update.tick.rawValue, schema: update.schemaBytes,
            bytes: update.patch)
    }
}
