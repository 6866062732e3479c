import State

/// What is to be seen of the channels between ticks.
extension BackCore {
    /// Every channel, by id.
    package var channelStatus: [ChannelStatus] {
        channels.keys.sorted().map { id in
            let core = channels[id]!.core
            return ChannelStatus(
                id: id.text, tick: core.tick, version: core.version, lineage: core.lineage,
                linkCount: core.linkOrder.count,
                sessionCount: core.sessions.count, inboxByteCount: core.inbox.byteCount)
        }
    }

    package func hasChannel(_ channel: String) -> Bool { run(channel) != nil }

    /// The canonical bytes of what everyone sees of a channel between ticks, with its version.
    package func encodedState(of channel: String) -> (Version, [UInt8])? {
        run(channel).map { ($0.core.version, $0.core.snapshot()) }
    }

    /// The same for one audience's rows.
    package func encodedState(of channel: String, for audience: Audience) -> [UInt8]? {
        run(channel)?.core.snapshot(of: audience)
    }

    /// What a session sees: the rows of all its audiences together.
    package func encodedView(of channel: String, for session: SessionID) -> (Version, [UInt8])? {
        guard let core = run(channel)?.core, let audiences = audiences(of: session, in: channel),
            let union = try? Patch.union(audiences.map { core.snapshot(of: $0) })
        else { return nil }
        return (core.version, union)
    }

    /// The audiences that a session of a channel is in, everyone first; nil if it is not there.
    package func audiences(of session: SessionID, in channel: String) -> [Audience]? {
        guard let core = run(channel)?.core, core.sessions[session] != nil else { return nil }
        return [.everyone] + core.audiences(of: session)
    }

    /// The rule of a channel, whose table handles reach its live state. For rehearsals; nobody else looks inside.
    package func processor(of channel: String) -> (any Processor)? { run(channel)?.core.processor }

    /// How often a channel ticks now: its rule may have changed it.
    package func rate(of channel: String) -> Rate? { run(channel)?.core.settings.rate }
}
