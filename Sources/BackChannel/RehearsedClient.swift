import Core
import State

/// A client at a rehearsal: what it holds, what it sent and what it was told.
final class RehearsedClient {
    let id: SessionID
    let claims: [String: String]
    let options: [UInt8]
    let role: RehearsedRole
    var front: String
    private(set) var member = MemberNumber(rawValue: 0)
    private(set) var place = RehearsedPlace.detached
    private(set) var mirror = ChannelMirror()
    private(set) var messages: [[UInt8]] = []
    private(set) var welcome: [UInt8] = []
    private(set) var outcomes: [RehearsedOutcome] = []
    private var lineage: Lineage?
    private var attachCount: UInt64 = 0
    private var grant: GrantID?
    /// The inputs of the grant at hand, from number 1; the place of the first among all that were sent.
    private var inputs: [[UInt8]] = []
    private var firstPlace = 0
    /// It waits for its grant to be confirmed before it sends again.
    private var isHolding = false

    init(id: SessionID, claims: [String: String], options: [UInt8], role: RehearsedRole, front: String) {
        self.id = id
        self.claims = claims
        self.options = options
        self.role = role
        self.front = front
    }

    // MARK: What it does

    /// What it says to come in, or to come back.
    func attach(at front: RehearsedFront) -> Attach {
        attachCount += 1
        member = front.addMember(self)
        place = .waiting
        isHolding = grant != nil
        let held = lineage.map {
            Held(
                lineage: $0, version: Version(rawValue: mirror.version),
                audiences: mirror.audiences.map(AudienceNumber.init(rawValue:)))
        }
        return Attach(
            link: front.link ?? LinkNumber(rawValue: 0), member: member, session: id,
            attach: AttachNumber(rawValue: attachCount), wantsWrite: role == .writer, held: held,
            claims: claims.sorted { $0.key < $1.key }.map { Claim(name: $0.key, value: $0.value) }, options: options)
    }

    /// Its number, if it is to be sent at once.
    func sent(_ data: [UInt8]) -> InputNumber? {
        inputs.append(data)
        outcomes.append(.pending)
        guard place == .attached || place == .waiting, !isHolding else { return nil }
        return InputNumber(rawValue: UInt64(inputs.count))
    }

    /// False if it was not there.
    func detached(_ reason: DetachReason) -> Bool {
        guard place == .attached || place == .waiting else { return false }
        mirror.discard()
        place = reason == .connectionLost || reason == .goingAway ? .detached : .left
        return true
    }

    /// The inputs that nothing was said of, with their numbers.
    var unanswered: [(InputNumber, [UInt8])] {
        inputs.indices.filter { outcomes[firstPlace + $0] == .pending }.map {
            (InputNumber(rawValue: UInt64($0 + 1)), inputs[$0])
        }
    }

    // MARK: What it is told

    func attached(_ state: [StateSection], _ lineage: Lineage?, _ data: [UInt8]) throws(MirrorError) {
        place = .attached
        mirror = ChannelMirror()
        for section in state { try mirror.receive(section) }
        _ = try mirror.commit(base: 0, version: state.first?.version ?? 0)
        self.lineage = lineage
        welcome = data
    }

    func dismissed(_ reason: String) {
        mirror.discard()
        place = .dismissed(reason)
    }

    /// Whether something is to be sent again.
    func granted(_ granted: Granted) -> Bool {
        let wasHolding = isHolding
        isHolding = false
        if let grant, grant != granted.grant {
            for place in outcomes.indices where outcomes[place] == .pending { outcomes[place] = .undecided }
            inputs = []
            firstPlace = outcomes.count
        }
        grant = granted.grant
        for number in granted.refused { refused(number, "refused while it was away") }
        acked(granted.highest)
        return wasHolding && !unanswered.isEmpty
    }

    func acked(_ highest: InputNumber) {
        for number in 0..<min(Int(highest.rawValue), inputs.count) where outcomes[firstPlace + number] == .pending {
            outcomes[firstPlace + number] = .acked
        }
    }

    func refused(_ number: InputNumber, _ reason: String) {
        let place = firstPlace + Int(number.rawValue) - 1
        guard outcomes.indices.contains(place), outcomes[place] == .pending else { return }
        outcomes[place] = .refused(reason)
    }

    func received(_ data: [UInt8]) {
        guard place == .attached else { return }
        messages.append(data)
    }

    /// The session is in these audiences from the next mark on; those that are new to it come whole.
    func regrouped(_ listed: [UInt64], wholes: [StateSection]) throws(MirrorError) {
        let held = Set(mirror.audiences)
        mirror.setAudiences(listed: listed, kept: listed.filter(held.contains))
        for section in wholes { try mirror.receive(section) }
    }

    /// A tick's sections of its audiences, and their mark.
    func take(_ sections: [StateSection], _ mark: Mark) throws(MirrorError) {
        for section in sections { try mirror.receive(section) }
        _ = try mirror.commit(base: min(mark.base.rawValue, mirror.version), version: mark.version.rawValue)
    }
}
