import State

/// Where the inputs of one read go, looked up once: the path of an input from its WebSocket frame to the batch of its link.
struct InputIntake {
    let grant: GrantID
    let member: MemberNumber
    let link: Int
    let batch: InputBatch
    /// Whether the batch was empty before the first of this read's inputs.
    private(set) var hasBegunBatch = false
    private(set) var count: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    init(grant: GrantID, member: MemberNumber, link: Int, batch: InputBatch) {
        self.grant = grant
        self.member = member
        self.link = link
        self.batch = batch
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
                in: bytes, from: &offset,
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
    @inline(__always)
    private mutating func take(
        _ payload: UnsafeRawBufferPointer, _ intake: inout InputIntake?, _ connection: FrontConnection
    ) throws(Farewell) -> Bool {
        // One short frame of inputs: what nearly all messages are.
        if payload.count >= 2, payload.count <= 0x80, Int(payload[0]) == payload.count &- 1,
            payload[1] == FrameKind.inputs.rawValue
        {
            do {
                if try intake?.take(UnsafeRawBufferPointer(rebasing: payload[2...])) == true {
                    if let intake, intake.batch.count > Limits.windowBytes { batchGrew(intake.link, connection) }
                    return true
                }
            } catch { throw Farewell(error) }
        }
        var cursor = FrameCursor(payload, limit: Limits.clientFrameBytes)
        var isReading = true
        while true {
            let frame: Frame?
            do { frame = try cursor.next() } catch { throw Farewell(error) }
            guard let frame else { break }
            if frame.kind == .inputs, isReading {
                do {
                    if try intake?.take(frame.body) == true {
                        if let intake, intake.batch.count > Limits.windowBytes { batchGrew(intake.link, connection) }
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
    private func intake(of connection: FrontConnection) -> InputIntake? {
        guard let stay = connection.stay, let grant = stay.grant, let place = stay.placeOfGrant() else { return nil }
        let (index, member) = (stay.reads[place].link, stay.reads[place].member)
        guard links[index]?.number != nil, let batch = links[index]?.batch else { return nil }
        return InputIntake(grant: grant, member: member, link: index, batch: batch)
    }

    /// The read is over, or something else than inputs comes: what was taken in is counted, and leaves soon.
    private mutating func end(_ intake: inout InputIntake?, _ connection: FrontConnection) {
        guard let taken = intake, taken.count > 0 else { return }
        intake = nil
        counters.inputs += taken.count
        counters.inputBytes += taken.byteCount
        if taken.hasBegunBatch { batchedLinks.append(taken.link) }
        armFlush()
    }
}
