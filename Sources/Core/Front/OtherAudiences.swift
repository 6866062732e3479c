import State

/// The audiences beside everyone of one reader of a channel. Readers of everyone alone have none of this.
final class OtherAudiences {
    /// Those that the session is in, ascending.
    var now: [FrontAudiences.Place]
    /// Those that its client was told last, ascending.
    var listed: [AudienceNumber]
    /// Those that the client holds whole once all that was written has arrived, ascending.
    var held: [AudienceNumber]
    /// Whether the client waits for a mark although nothing may have changed: it drops what is not listed there.
    var isMarkOwed: Bool

    init(now: [FrontAudiences.Place], listed: [AudienceNumber], held: [AudienceNumber], isMarkOwed: Bool) {
        self.now = now
        self.listed = listed
        self.held = held
        self.isMarkOwed = isMarkOwed
    }

    var isListed: Bool { now.elementsEqual(listed) { $0.number == $1 } }
    var isHeld: Bool { now.elementsEqual(held) { $0.number == $1 } }

    /// Those of `now` that the client goes on with.
    var kept: [AudienceNumber] {
        let held = Set(held)
        return now.map(\.number).filter(held.contains)
    }

    /// Everything was written, up to the newest version.
    func settle() { settle(now.map(\.number)) }

    /// All that these audiences were owed at some version was written.
    func settle(_ told: [AudienceNumber]) {
        listed = told
        held = told
        isMarkOwed = false
    }
}
