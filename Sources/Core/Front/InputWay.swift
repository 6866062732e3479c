/// Where the inputs of one client go, kept from one read to the next: what its next read looks at, side by side.
///
/// Good for as long as nothing else comes from the client and nothing is said about its grant, its place or its link: whoever
/// changes one of these forgets the way, or all ways at once by beginning a new era. The batch is its link's, which stays as it
/// is within an era.
struct InputWay {
    let era: UInt64
    let grant: GrantID
    let member: MemberNumber
    let link: Int
    let batch: Unmanaged<InputBatch>
}

extension FrontCore {
    /// Takes in the inputs that a read begins with, and says how many bytes they are. The rest is for `read`.
    @inline(__always)
    mutating func takeInputs(_ bytes: UnsafeMutableRawBufferPointer, on way: InputWay) -> Int {
        way.batch._withUnsafeGuaranteedRef { batch in
            var intake = InputIntake(
                grant: way.grant, member: way.member, link: way.link, batch: batch, batchLimit: Limits.windowBytes)
            var offset = 0
            while let message = MaskedMessage(in: bytes, at: offset), intake.take(message) {
                offset &+= message.wholeByteCount
            }
            note(intake)
            return offset
        }
    }

    /// The way of a client's inputs, if nothing of what it said is left over and it may write.
    func inputWay(of connection: FrontConnection) -> InputWay? {
        guard connection.held.isEmpty, case .client(.webSocket(let input)) = connection.phase, input.reader.isAtRest,
            settings.messageBytes >= MaskedMessage.payloadLimit, let intake = intake(of: connection)
        else { return nil }
        return InputWay(
            era: inputEra, grant: intake.grant, member: intake.member, link: intake.link,
            batch: .passUnretained(intake.batch))
    }

    /// The grant that a member of a link writes with; nil if it has none.
    func grant(of connection: FrontConnection, _ member: MemberNumber, _ index: Int) -> GrantID? {
        if let way = connection.inputWay, way.era == inputEra, way.link == index, way.member == member {
            return way.grant
        }
        guard let stay = connection.stay, let grant = stay.grant, let place = stay.placeOfGrant(),
            stay.reads[place].link == index, stay.reads[place].member == member
        else { return nil }
        return grant
    }

    /// Links have changed: where inputs go is found out anew.
    mutating func forgetInputWays() { inputEra &+= 1 }
}
