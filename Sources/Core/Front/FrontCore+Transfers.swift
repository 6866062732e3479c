import State

/// State that leaves in pieces.
extension FrontCore {
    /// Whether a way to the newest version may be taken now; if not, the reader is asked again when it may. State from nothing takes
    /// its room in the turn.
    mutating func mayLeave(_ way: History.CatchUp, _ index: Int, _ connection: FrontConnection) -> Bool {
        switch way {
        case .upToDate, .entries, .squash: return true
        case .later:
            wantsSquash(index, connection)
            return false
        case .snapshot(let keyframe, _):
            guard turnByteCount > 0 else {
                wantsTurn(connection)
                return false
            }
            if !keyframe.isInPieces || connection.format == .text { turnByteCount -= keyframe.patch.count }
            return true
        }
    }

    /// Entries that follow one another, to a reader of everyone alone, each with its mark.
    func transfer(of entries: [History.Entry]) -> StateTransfer {
        let parts = entries.flatMap { entry -> [StateTransfer.Part] in
            switch entry.form {
            case .whole(let frames, _): [.frames(frames)]
            case .pieces(let pieces): all(of: pieces) + (pieces.mark.map { [.frames($0)] } ?? [])
            }
        }
        return StateTransfer(parts, to: entries[entries.count - 1].version)
    }

    /// Entries of several audiences, under one mark.
    func transfer(
        of entries: [History.Entry], behind head: [UInt8], _ mark: [UInt8], to version: Version,
        _ audiences: [AudienceNumber]
    ) -> StateTransfer {
        var parts: [StateTransfer.Part] = head.isEmpty ? [] : [.own(head)]
        for entry in entries {
            switch entry.form {
            case .whole(let frames, let markByteCount): parts.append(.section(frames, without: markByteCount))
            case .pieces(let pieces): parts += all(of: pieces)
            }
        }
        parts.append(.own(mark))
        return StateTransfer(parts, to: version, audiences)
    }

    private func all(of pieces: SectionPieces) -> [StateTransfer.Part] {
        (0..<pieces.count).map { .piece(pieces, $0) }
    }

    /// Sends some more of what is on its way to a reader. Behind the last piece it is looked at anew.
    mutating func goOn(_ place: Int, _ stay: ClientStay, _ connection: FrontConnection) {
        guard let transfer = stay.reads[place].transfer else { return }
        guard turnByteCount > 0 else { return wantsTurn(connection) }
        for part in transfer.take(Limits.pieceBytes) {
            turnByteCount -= part.byteCount
            append(part, connection)
        }
        guard transfer.isDone else { return wantsTurn(connection) }
        stay.reads[place].transfer = nil
        stay.reads[place].phase = .live(sent: transfer.version)
        if let audiences = transfer.audiences { stay.reads[place].others?.settle(audiences) }
        wantsToWrite(connection)
    }

    private mutating func append(_ part: StateTransfer.Part, _ connection: FrontConnection) {
        let isWebSocket = connection.format == .webSocket
        switch part {
        case .own(let bytes): parts.append(bytes, framedAsMessage: isWebSocket)
        case .frames(let frames): parts.list.append(.frames(frames, forWebSocket: isWebSocket))
        case .section(let frames, let markByteCount):
            if isWebSocket {
                parts.append { WebSocketWriter.header(.binary, payloadByteCount: part.byteCount, to: &$0) }
            }
            parts.list.append(.section(frames, without: markByteCount))
        case .piece(let pieces, let piece):
            if !pieces.isMade(piece) {
                // Making it is a copy of it, which takes about as long as sending it.
                turnByteCount -= part.byteCount
                counters.piecesMade += 1
            }
            parts.list.append(.frames(pieces.frames(of: piece), forWebSocket: isWebSocket))
        }
    }
}
