import State

/// Where the inputs of one read go, looked up once: the path of an input from its WebSocket frame to the batch of its link.
struct InputIntake {
    /// What stands before an input's number in a frame: length, kind and grant.
    private static let headByteCount = 10

    let grant: GrantID
    let member: MemberNumber
    let link: Int
    let batch: InputBatch
    /// Beyond so many bytes in the batch somebody has to look after it.
    var batchLimit: Int
    /// Whether the batch was empty before the first of this read's inputs.
    private(set) var hasBegunBatch = false
    private(set) var count: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    init(grant: GrantID, member: MemberNumber, link: Int, batch: InputBatch, batchLimit: Int) {
        self.grant = grant
        self.member = member
        self.link = link
        self.batch = batch
        self.batchLimit = batchLimit
    }

    /// Takes in a message that is one `inputs` frame of this grant with one input, before it is unmasked: what nearly all
    /// are. False, with nothing taken, for any other, well formed or not: that is unmasked and looked at in general.
    ///
    /// What the batch gets of an input is what the frame has of it, behind the member's number.
    @inline(__always)
    mutating func take(_ message: MaskedMessage) -> Bool {
        let byteCount = message.byteCount &- Self.headByteCount
        guard byteCount >= 2, batch.count < batchLimit &- MaskedMessage.payloadLimit,
            message.half(at: 0) == UInt16(truncatingIfNeeded: message.byteCount &- 1)
                | UInt16(FrameKind.inputs.rawValue) &<< 8,
            UInt64(bigEndian: message.word(at: 2).littleEndian) == grant.rawValue
        else { return false }
        let rest = batch.begin(member, byteCount: byteCount)
        message.copy(from: Self.headByteCount, to: rest)
        guard rest.load(as: UInt8.self) > 0, let numberByteCount = ShortNum.byteCount(rest), numberByteCount < byteCount
        else {
            return false
        }
        let dataByteCount = Int(rest.load(fromByteOffset: numberByteCount, as: UInt8.self))
        guard dataByteCount < 0x80, numberByteCount &+ 1 &+ dataByteCount == byteCount else { return false }
        if batch.count == 0 { hasBegunBatch = true }
        batch.keep(rest, byteCount: byteCount)
        self.count &+= 1
        self.byteCount &+= UInt64(truncatingIfNeeded: dataByteCount)
        return true
    }

    /// Takes an `inputs` frame in. False, with nothing taken, if it is another grant's.
    @inline(__always)
    mutating func take(_ body: UnsafeRawBufferPointer) throws(WireError) -> Bool {
        var reader = ByteReader(body)
        guard try reader.u64() == grant.rawValue else { return false }
        var number = try reader.num()
        guard number > 0 else { throw .invalid("an input's number: they begin at 1") }
        if batch.count == 0 { hasBegunBatch = true }
        while !reader.isAtEnd {
            let data = try reader.blob()
            guard data.count <= Limits.inputBytes else {
                throw .overLimit(what: "an input", value: UInt64(data.count), limit: UInt64(Limits.inputBytes))
            }
            batch.append(member, InputNumber(rawValue: number), data)
            count &+= 1
            byteCount &+= UInt64(data.count)
            guard number < .max || reader.isAtEnd else { throw .invalid("an input past the last number") }
            number &+= 1
        }
        return true
    }
}

extension FrontCore {
    /// Reads all messages of a WebSocket client that are there.
    mutating func readMessages(
        _ input: WebSocketInput, _ bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int,
        _ connection: FrontConnection
    ) throws(Farewell) {
        var intake = intake(of: connection)
        do {
            try input.reader.each(
                in: bytes, from: &offset, short: { intake?.take($0) ?? false },
                { (event) throws(Farewell) -> Bool in
                    if case .message(.binary, let payload) = event, connection.format == .webSocket {
                        return try take(payload, &intake, connection)
                    }
                    end(&intake, connection)
                    try take(event, connection)
                    intake = self.intake(of: connection)
                    return !connection.isClosing
                }, failed: { Farewell(CloseCode(rawValue: $0.closeCode) ?? .protocolError, $0.reason) })
        } catch {
            end(&intake, connection)
            throw error
        }
        end(&intake, connection)
    }

    /// Takes the frames of one message; false when the connection is closing.
    private mutating func take(
        _ payload: UnsafeRawBufferPointer, _ intake: inout InputIntake?, _ connection: FrontConnection
    ) throws(Farewell) -> Bool {
        var cursor = FrameCursor(payload, limit: Limits.clientFrameBytes)
        var isReading = true
        while true {
            let frame: Frame?
            do { frame = try cursor.next() } catch { throw Farewell(error) }
            guard let frame else { break }
            if frame.kind == .inputs, isReading {
                do {
                    if try intake?.take(frame.body) == true {
                        lookAfterBatch(&intake, connection)
                        continue
                    }
                } catch { throw Farewell(error) }
            }
            end(&intake, connection)
            try take(frame, from: connection)
            intake = self.intake(of: connection)
            isReading = !connection.isClosing
        }
        guard cursor.consumed == payload.count else {
            throw Farewell(.protocolError, "a message ends inside a frame")
        }
        return isReading
    }

    /// What the inputs of a connection go to; nil if it may not write just now.
    func intake(of connection: FrontConnection) -> InputIntake? {
        guard connection.format == .webSocket, let stay = connection.stay, let grant = stay.grant,
            let place = stay.placeOfGrant()
        else { return nil }
        let (index, member) = (stay.reads[place].link, stay.reads[place].member)
        guard links[index]?.number != nil, let batch = links[index]?.batch else { return nil }
        return InputIntake(
            grant: grant, member: member, link: index, batch: batch, batchLimit: batchLimit(of: index))
    }

    /// A batch that may leave does so early when it is this large; one that may not holds up those who fill it.
    private func batchLimit(of index: Int) -> Int {
        takesInputs(index) ? Limits.linkCreditBytes / 2 : Limits.windowBytes
    }

    private mutating func lookAfterBatch(_ intake: inout InputIntake?, _ connection: FrontConnection) {
        guard let link = intake?.link, let batch = intake?.batch, let limit = intake?.batchLimit, batch.count > limit
        else { return }
        batchGrew(link, connection)
        intake?.batchLimit = batchLimit(of: link)
    }

    /// The read is over, or something else than inputs comes: what was taken in is counted, and leaves soon.
    private mutating func end(_ intake: inout InputIntake?, _ connection: FrontConnection) {
        guard let taken = intake, taken.count > 0 else { return }
        intake = nil
        note(taken)
    }

    @inline(__always)
    mutating func note(_ taken: InputIntake) {
        guard taken.count > 0 else { return }
        taken.batch.noteCut()
        counters.inputs += taken.count
        counters.inputBytes += taken.byteCount
        if taken.hasBegunBatch { batchedLinks.append(taken.link) }
        armFlush()
    }
}
