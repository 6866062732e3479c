import State

/// The audiences that a link is sent: those its members are in, and for `Limits.audienceLinger` those that the last has left.
///
/// An audience that is not here is new to the front: it is sent whole before the mark of the tick that needs it. Everyone is
/// always here.
struct LinkAudiences {
    /// What the front has of an audience.
    enum Standing {
        /// Nothing yet: it is owed all of it, as it is when it is sent.
        case owed
        /// Everything up to the last mark.
        case held
        /// Everything up to `base`; the trunk does not keep up, and what came since is one patch.
        case behind(base: Version, patch: [UInt8])
    }

    private struct Subscription {
        var standing = Standing.owed
        var memberCount = 0
        /// When the last member left.
        var unusedSince: Instant?
    }

    private var subscriptions: [AudienceNumber: Subscription] = [.everyone: Subscription(memberCount: 1)]
    /// Those that are owed or behind, in the order in which they came to be.
    private var pending: [AudienceNumber] = [.everyone]
    /// When the first unused one may go.
    private var nextDrop: Instant?

    /// How many there are beside everyone.
    var count: Int { subscriptions.count - 1 }
    var isAnythingPending: Bool { !pending.isEmpty }

    func contains(_ audience: AudienceNumber) -> Bool { subscriptions[audience] != nil }

    /// A member came to be in it.
    mutating func enter(_ audience: AudienceNumber) {
        if subscriptions[audience] == nil {
            subscriptions[audience] = Subscription()
            pending.append(audience)
        }
        subscriptions[audience]!.memberCount += 1
        subscriptions[audience]!.unusedSince = nil
    }

    /// A member is no longer in it.
    mutating func leave(_ audience: AudienceNumber, now: Instant) {
        guard let memberCount = subscriptions[audience]?.memberCount else { return }
        subscriptions[audience]!.memberCount = memberCount - 1
        guard memberCount == 1 else { return }
        subscriptions[audience]!.unusedSince = now
        let drop = now + Limits.audienceLinger
        nextDrop = nextDrop.map { min($0, drop) } ?? drop
    }

    /// Forgets those that no member has been in for long; answers the ones that the front has something of, ascending.
    mutating func dropUnused(now: Instant) -> [AudienceNumber] {
        guard let due = nextDrop, due <= now else { return [] }
        nextDrop = nil
        var dropped: [AudienceNumber] = []
        for audience in subscriptions.keys.sorted() {
            guard let subscription = subscriptions[audience], let since = subscription.unusedSince else { continue }
            let drop = since + Limits.audienceLinger
            guard drop <= now else {
                nextDrop = nextDrop.map { min($0, drop) } ?? drop
                continue
            }
            subscriptions[audience] = nil
            if case .owed = subscription.standing {} else { dropped.append(audience) }
            pending.removeAll { $0 == audience }
        }
        return dropped
    }

    /// Keeps a change for later. False if it need not be kept: nobody here has the audience, or all of it is owed anyway.
    mutating func hold(_ change: ClosedAudience) -> Bool {
        switch subscriptions[change.audience]?.standing {
        case nil, .owed: return false
        case .held:
            subscriptions[change.audience]!.standing = .behind(base: change.base, patch: change.patch)
            pending.append(change.audience)
        case .behind(let base, let patch):
            subscriptions[change.audience]!.standing = .behind(
                base: base, patch: SquashedPatch.join(patch, change.patch))
        }
        return true
    }

    /// What is owed or behind, ascending; all of it counts as held from now on.
    mutating func takePending() -> [(audience: AudienceNumber, standing: Standing)] {
        defer { pending.removeAll() }
        return pending.sorted().compactMap { audience in
            guard let standing = subscriptions[audience]?.standing else { return nil }
            subscriptions[audience]!.standing = .held
            return (audience, standing)
        }
    }
}

/// What a tick changed for one audience, encoded once for all links.
struct ClosedAudience {
    let audience: AudienceNumber
    /// The last version at which the audience changed before.
    let base: Version
    let patch: [UInt8]
    /// The hash of its rows, when one is due.
    let hash: UInt64?
}

/// What a back channel keeps of an audience that has changed.
struct AudienceMemory {
    /// The version of its newest change. None changes before the first version.
    var changedAt = Version(rawValue: 1)
    /// In which run of `hashPeriod` versions it last told its hash.
    var hashRun: UInt64 = 0
}
