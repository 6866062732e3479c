import State

/// What readers are owed of their channels' state, found when their socket takes it.
extension FrontCore {
    /// What became of looking for what a reader is owed.
    enum Collected {
        /// It has been brought to that version (nil: it holds nothing), as far as there is anything newer.
        case all(Version?)
        /// Some of it, in pieces.
        case begun(StateTransfer)
        /// Nothing yet: for want of a squash, or of room in this turn.
        case nothing
    }

    /// What may not be written behind the state that was collected, because some that it belongs behind is yet to come.
    struct HeldBack: OptionSet {
        let rawValue: UInt8
        static let decisions = HeldBack(rawValue: 1)
        static let messages = HeldBack(rawValue: 2)
    }

    mutating func collectState(_ connection: FrontConnection) -> HeldBack {
        guard let stay = connection.stay else { return [] }
        var heldBack: HeldBack = []
        for place in stay.reads.indices {
            guard case .live(let sent) = stay.reads[place].phase, links[stay.reads[place].link]?.history != nil else {
                continue
            }
            // A message names a version, which its reader must have been told of.
            let needsMark = connection.messages.count > 0 || stay.reads[place].owesMark
            if stay.reads[place].transfer == nil {
                switch collect(stay.reads[place], from: sent, needsMark: needsMark, connection) {
                case .all(let reached):
                    stay.reads[place].phase = .live(sent: reached)
                    stay.reads[place].owesMark = false
                    gatherIfAlone(place, stay)
                    continue
                case .begun(let transfer): stay.reads[place].transfer = transfer
                case .nothing: break
                }
            }
            goOn(place, stay, connection)
            stay.reads[place].owesMark = needsMark
            if stay.write == stay.reads[place].channel { heldBack.insert(.decisions) }
            // A text client has no place to keep a message that comes before its version.
            if connection.format == .text || heldBack.contains(.decisions) { heldBack.insert(.messages) }
        }
        return heldBack
    }

    private mutating func collect(
        _ read: ClientRead, from sent: Version?, needsMark: Bool, _ connection: FrontConnection
    ) -> Collected {
        guard let others = read.others else {
            return collectEveryone(from: sent, needsMark: needsMark, read.link, connection)
        }
        return connection.format == .text
            ? collectUnion(others, from: sent, needsMark: needsMark, read.link, connection)
            : compose(others, from: sent, needsMark: needsMark, read.link, connection)
    }

    /// A reader of more than everyone is one of everyone alone again once its client was told so.
    private func gatherIfAlone(_ place: Int, _ stay: ClientStay) {
        guard let others = stay.reads[place].others, others.now.isEmpty, others.isHeld, others.isListed,
            !others.isMarkOwed
        else { return }
        stay.reads[place].others = nil
        links[stay.reads[place].link]!.gather(stay.reads[place].member)
    }

    // MARK: Everyone alone

    private mutating func collectEveryone(
        from sent: Version?, needsMark: Bool, _ index: Int, _ connection: FrontConnection
    ) -> Collected {
        let way = links[index]!.history!.catchUp(from: sent)
        guard mayLeave(way, index, connection) else { return .nothing }
        let isText = connection.format == .text
        if case .snapshot(let keyframe, _) = way, !isText, keyframe.isInPieces {
            counters.snapshots += 1
            counters.deliveries += 1
            return .begun(transfer(of: [keyframe]))
        }
        composed.removeAll(keepingCapacity: true)
        choose(way, index, nil)
        defer { composed.removeAll(keepingCapacity: true) }
        if !isText, composed.contains(where: \.isInPieces) {
            counters.deliveries += UInt64(composed.count)
            return .begun(transfer(of: composed))
        }
        var isWhole = false
        if case .snapshot = way { isWhole = true }
        var reached = isWhole ? nil : sent
        for entry in composed {
            send(entry, base: reached, index, connection)
            reached = entry.version
        }
        let version = links[index]!.version
        guard needsMark, let base = reached, base < version else { return .all(reached) }
        if connection.format == .text {
            sendText(of: [], base: base, lineage: links[index]!.history!.lineage, index)
        } else {
            var mark = ByteWriter()
            sayMark(base: base, index, &mark)
            parts.append(mark.bytes, framedAsMessage: connection.format == .webSocket)
        }
        return .all(version)
    }

    /// One entry, to a client that holds `base` (nil: nothing).
    private mutating func send(_ entry: History.Entry, base: Version?, _ index: Int, _ connection: FrontConnection) {
        counters.deliveries += 1
        switch connection.format {
        case .plain, .webSocket:
            if let frames = entry.wholeFrames { send(frames, connection) }
        case .text:
            let isShared = base == entry.base || (base == nil && entry.base == .nothing)
            if isShared, let text = entry.text {
                parts.list.append(.text(text))
                return
            }
            guard let text = text(of: entry, base: base, index) else { return }
            if isShared { entry.text = text }
            parts.list.append(.text(text))
        }
    }

    /// Shared frames, copied when they are few.
    private mutating func send(_ frames: SharedFrames, _ connection: FrontConnection) {
        let isWebSocket = connection.format == .webSocket
        guard frames.count <= Self.copiedSectionBytes else {
            parts.list.append(.frames(frames, forWebSocket: isWebSocket))
            return
        }
        let bytes = isWebSocket ? frames.forWebSocket : frames.forPlain
        counters.deliveredBytes += UInt64(bytes.count)
        parts.append { $0.raw(bytes) }
    }

    private func text(of entry: History.Entry, base: Version?, _ index: Int) -> SharedBytes? {
        guard let link = links[index], let history = link.history, let schema = history.schema,
            let bytes = try? ClientVoice.patch(
                entry, base: base, channel: link.channel, lineage: history.lineage, schema: schema)
        else { return nil }
        return SharedBytes(bytes)
    }

    // MARK: Several audiences

    /// Sections longer than this are sent from where they are; shorter ones are cheaper to copy.
    private static let copiedSectionBytes = 1024

    /// One message: who is where if that is news, the sections of the reader's audiences, and one mark.
    private mutating func compose(
        _ others: OtherAudiences, from sent: Version?, needsMark: Bool, _ index: Int, _ connection: FrontConnection
    ) -> Collected {
        let version = links[index]!.version
        let number = links[index]!.history!.link
        composed.removeAll(keepingCapacity: true)
        defer { composed.removeAll(keepingCapacity: true) }
        let way = links[index]!.history!.catchUp(from: sent)
        guard mayLeave(way, index, connection) else { return .nothing }
        choose(way, index, nil)
        var held = others.held[...]
        for place in others.now {
            while let first = held.first, first < place.number { held.removeFirst() }
            let isHeld = sent != nil && held.first == place.number
            guard let way = links[index]!.audiences.catchUp(place, from: isHeld ? sent : nil) else { continue }
            guard mayLeave(way, index, connection) else { return .nothing }
            choose(way, index, place)
        }
        var head = ByteWriter()
        if !others.isListed {
            let regrouped = ClientRegrouped(
                link: number, audiences: [.everyone] + others.now.map(\.number),
                kept: sent == nil ? [] : [.everyone] + others.kept)
            head.frame(.regroupedClient) { regrouped.encode(into: &$0) }
        }
        let isBehind = sent.map { $0 < version } ?? true
        guard !composed.isEmpty || head.count > 0 || !others.isHeld || others.isMarkOwed || (needsMark && isBehind)
        else {
            return .all(sent)
        }
        var mark = ByteWriter()
        sayMark(base: sent ?? .nothing, index, &mark)
        counters.deliveries += 1
        if composed.contains(where: \.isInPieces) {
            return .begun(
                transfer(of: composed, behind: head.bytes, mark.bytes, to: version, others.now.map(\.number)))
        }
        if connection.format == .webSocket {
            let byteCount = composed.reduce(head.count + mark.count) { $0 + $1.sectionByteCount }
            parts.append { WebSocketWriter.header(.binary, payloadByteCount: byteCount, to: &$0) }
        }
        parts.append(head.bytes, framedAsMessage: false)
        for entry in composed {
            guard case .whole(let frames, let markByteCount) = entry.form else { continue }
            if entry.sectionByteCount <= Self.copiedSectionBytes {
                parts.append { $0.raw(frames.forPlain(without: markByteCount)) }
            } else {
                parts.list.append(.section(frames, without: markByteCount))
            }
        }
        parts.append(mark.bytes, framedAsMessage: false)
        others.settle()
        return .all(version)
    }

    /// Adds to `composed` what a way to the newest version consists of. `place` nil is everyone.
    private mutating func choose(_ way: History.CatchUp, _ index: Int, _ place: FrontAudiences.Place?) {
        switch way {
        case .upToDate, .later: break
        case .entries(let first): composed.append(contentsOf: entries(index, place)[first...])
        case .squash(let entry, let first):
            counters.squashes += 1
            composed.append(entry)
            composed.append(contentsOf: entries(index, place)[first...])
        case .snapshot(let keyframe, let first):
            counters.snapshots += 1
            composed.append(keyframe)
            composed.append(contentsOf: entries(index, place)[first...])
        }
    }

    private func entries(_ index: Int, _ place: FrontAudiences.Place?) -> [History.Entry] {
        guard let place else { return links[index]!.history!.entries }
        return links[index]!.audiences.histories[place.slot]?.entries ?? []
    }

    private func sayMark(base: Version, _ index: Int, _ writer: inout ByteWriter) {
        let link = links[index]!
        let mark = Mark(link: link.history!.link, base: base, version: link.version, tick: link.tick)
        writer.frame(.mark) { mark.encode(into: &$0) }
    }

    /// As `compose`, for a client that tells no audiences apart: one text of all its audiences' rows together.
    private mutating func collectUnion(
        _ others: OtherAudiences, from sent: Version?, needsMark: Bool, _ index: Int, _ connection: FrontConnection
    ) -> Collected {
        let version = links[index]!.version
        // What it holds of one audience nobody can name to it: when its audiences change it gets everything anew.
        var isWhole = sent == nil || !others.isHeld || others.isMarkOwed
        var patches: [[UInt8]] = []
        if let sent, !isWhole {
            let places: [FrontAudiences.Place?] = [nil] + others.now
            for place in places where !isWhole {
                composed.removeAll(keepingCapacity: true)
                let way =
                    place.flatMap { links[index]!.audiences.catchUp($0, from: sent) }
                    ?? links[index]!.history!.catchUp(from: sent)
                if case .snapshot = way { isWhole = true }
                guard mayLeave(way, index, connection) else { return .nothing }
                choose(way, index, place)
                patches += joined(composed)
            }
        }
        if isWhole {
            patches = [links[index]!.history!.wholePatch]
            patches += others.now.compactMap { links[index]!.audiences.histories[$0.slot]?.wholePatch }
        }
        composed.removeAll(keepingCapacity: true)
        let isBehind = sent.map { $0 < version } ?? true
        guard isWhole || !patches.isEmpty || (needsMark && isBehind) else { return .all(sent) }
        // What was made of audiences that only this front can tell apart is no base for another one.
        let lineage = others.now.isEmpty ? links[index]!.history!.lineage : nil
        sendText(of: patches, base: isWhole ? nil : sent, lineage: lineage, index)
        others.settle()
        return .all(version)
    }

    /// The entries of one audience as one patch; none for none, or if they do not join: then the history is found damaged
    /// when its keyframe moves.
    private func joined(_ entries: [History.Entry]) -> [[UInt8]] {
        guard !entries.isEmpty, let patch = try? Patch.squash(entries.map(\.patch)) else { return [] }
        return [patch]
    }

    /// One text for one client.
    private mutating func sendText(of patches: [[UInt8]], base: Version?, lineage: Lineage?, _ index: Int) {
        let link = links[index]!
        guard let schema = link.history?.schema, let patch = try? Patch.union(patches),
            let text = try? ClientVoice.patch(
                patch, base: base, version: link.version, tick: link.tick, channel: link.channel, lineage: lineage,
                schema: schema)
        else { return }
        counters.deliveries += 1
        parts.list.append(.text(SharedBytes(text)))
    }
}

extension History.Entry {
    /// The bytes of the section alone; 0 for one that leaves in pieces.
    var sectionByteCount: Int {
        guard case .whole(let frames, let markByteCount) = form else { return 0 }
        return frames.plainByteCount - markByteCount
    }
}
