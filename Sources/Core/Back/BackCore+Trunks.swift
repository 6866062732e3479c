import State

/// What comes on the trunks, and how they begin and end.
extension BackCore {
    package mutating func trunkOpened(_ id: TrunkID, now: Instant) {
        let handshake = AcceptorHandshake(
            name: identity.name, incarnation: identity.incarnation, nonce: Nonce(using: &dice), key: identity.key)
        trunks[id] = BackTrunk(id: id, phase: .opening(handshake, preface: [], since: now), now: now)
        outputs.open(id)
        armSweep(now: now)
    }

    package mutating func trunkClosed(_ id: TrunkID, now: Instant) {
        guard let trunk = trunks.removeValue(forKey: id) else { return }
        roster.closed(id)
        outputs.close(id)
        for link in trunk.channelOf.keys.sorted() {
            guard let channel = trunk.channelOf[link] else { continue }
            channels[channel]?.core.unlinked(LinkKey(trunk: id, number: link))
            wake(channel, now: now)
        }
    }

    /// How many bytes of what was sent on the trunk the kernel has not taken.
    package mutating func trunkUnsent(_ id: TrunkID, byteCount: Int) { outputs.setUnsent(byteCount, on: id) }

    package mutating func receive(_ bytes: UnsafeRawBufferPointer, on id: TrunkID, now: Instant) {
        guard let trunk = trunks[id] else { return }
        trunk.heardAt = now
        trunk.pingedAt = nil
        var bytes = bytes
        do throws(Farewell) {
            if case .opening(let handshake, let preface, let since) = trunk.phase, preface.count < Preface.bytes.count {
                let taken = bytes.prefix(Preface.bytes.count - preface.count)
                let begun = preface + taken
                bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(taken.count))
                trunk.phase = .opening(handshake, preface: begun, since: since)
                guard begun.elementsEqual(Preface.bytes.prefix(begun.count)) else {
                    throw Farewell(.protocolError, "this port speaks Switchback between its own processes")
                }
            }
            // Taken out while it reads: what it holds is in one place only.
            var reader = FrameReader(limit: trunk.reader.limit)
            swap(&reader, &trunk.reader)
            try reader.receive(
                bytes, { (frame) throws(Farewell) in try take(frame, on: id, now: now) }, failed: { Farewell($0) })
            if trunk.isOpen { reader.limit = Limits.nodeFrameBytes }
            trunk.reader = reader
        } catch {
            end(id, error, now: now)
        }
    }

    private mutating func take(_ frame: Frame, on id: TrunkID, now: Instant) throws(Farewell) {
        guard let trunk = trunks[id] else { return }
        switch trunk.phase {
        case .opening(var handshake, let preface, let since):
            switch try handshake.receive(frame) {
            case .send(let bytes):
                outputs.append(to: id) { $0.raw(bytes) }
                trunks[id]!.phase = .opening(handshake, preface: preface, since: since)
            case .proved(let greeting):
                trunks[id]!.phase = .open(front: greeting.name, incarnation: greeting.incarnation)
                roster.opened(id, greeting.name)
                replaceTrunks(of: greeting.incarnation, by: id, now: now)
                let accepted = Accepted(
                    epoch: identity.epoch, families: families.map(\.pattern.description), options: options)
                outputs.append(to: id) { writer in
                    writer.frame(.accepted) { accepted.encode(into: &$0) }
                }
            }
        case .open(let front, let incarnation):
            do {
                try take(frame, on: id, front: front, incarnation: incarnation, now: now)
            } catch let error as WireError {
                throw Farewell(error)
            } catch let farewell as Farewell {
                throw farewell
            } catch {
                throw Farewell(.failed, "\(error)")
            }
        }
    }

    private mutating func take(
        _ frame: Frame, on id: TrunkID, front: String, incarnation: Incarnation, now: Instant
    ) throws {
        switch frame.kind {
        case .trunkInputs:
            var reader = ByteReader(frame.body)
            let link: LinkNumber = try reader.num()
            let records = reader.rest()
            let count = try Inbox.checkRecords(records)
            guard let (channel, key) = find(link, on: id) else { return }
            guard channel.inputsArrived(records.count, on: key) else {
                throw Farewell(.overloaded, "inputs beyond the credit of link \(link)")
            }
            channel.inbox.append(inputs: records, count: count, from: key)
            wake(channel.id, now: now)
        case .link:
            let request = try frame.decode(LinkRequest.init(from:))
            try link(request, on: id, front: front, incarnation: incarnation, now: now)
        case .unlink:
            let link: LinkNumber = try frame.decode { (reader) throws(WireError) in try reader.num() }
            guard let (channel, key) = find(link, on: id) else { return }
            trunks[id]!.channelOf[link] = nil
            channel.unlinked(key)
            wake(channel.id, now: now)
        case .attach:
            let attach = try frame.decode(Attach.init(from:))
            append(.attach(LinkKey(trunk: id, number: attach.link), attach), link: attach.link, on: id, now: now)
        case .detach:
            let detach = try frame.decode(Detach.init(from:))
            append(.detach(LinkKey(trunk: id, number: detach.link), detach), link: detach.link, on: id, now: now)
        case .want:
            let want = try frame.decode(Want.init(from:))
            append(.want(LinkKey(trunk: id, number: want.link), want), link: want.link, on: id, now: now)
        case .toBack:
            let message = try frame.decode(ToBack.init(from:))
            deliver(message, on: id, from: front, now: now)
        case .relayed: deliver(try frame.decode(Relayed.init(from:)), from: front, now: now)
        case .trunkDisagreed:
            let disagreed = try frame.decode(Disagreed.init(from:))
            guard let (channel, _) = find(disagreed.link, on: id) else { return }
            channel.counters.disagreements += 1
            if disagreements.count < 16 { disagreements.append((channel.id.text, disagreed)) }
        case .credit: break
        case .ping:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            outputs.append(to: id) { writer in writer.frame(.pong) { $0.u64(token) } }
        case .pong: break
        case .bye:
            let bye = try frame.decode(Bye.init(from:))
            throw Farewell(.done, "the front said: \(bye.reason)")
        default:
            throw Farewell(.protocolError, "frame \(frame.kind) is not one that a front sends")
        }
    }

    private mutating func link(
        _ request: LinkRequest, on id: TrunkID, front: String, incarnation: Incarnation, now: Instant
    ) throws(Farewell) {
        if let highest = trunks[id]!.highestLink, request.link <= highest {
            throw Farewell(.duplicate, "link \(request.link) has been used before")
        }
        trunks[id]!.highestLink = request.link
        do throws(Farewell) {
            let channelID: ChannelID
            do { channelID = try ChannelID(request.channel) } catch { throw Farewell(.unknownChannel, "\(error)") }
            let channel = try channel(channelID, now: now)
            let key = LinkKey(trunk: id, number: request.link)
            trunks[id]!.channelOf[request.link] = channelID
            channel.linkRequested(
                BackLink(key: key, front: front, incarnation: incarnation, options: request.options),
                options: request.options)
            wake(channelID, now: now)
        } catch {
            closedCounters.linksRefused += 1
            let answer = Unlinked(link: request.link, farewell: error)
            outputs.append(to: id) { writer in writer.frame(.unlinked) { answer.encode(into: &$0) } }
        }
    }

    private func find(_ link: LinkNumber, on id: TrunkID) -> (ChannelCore, LinkKey)? {
        guard let channel = trunks[id]?.channelOf[link], let run = channels[channel] else { return nil }
        return (run.core, LinkKey(trunk: id, number: link))
    }

    private mutating func append(_ entry: Inbox.Entry, link: LinkNumber, on id: TrunkID, now: Instant) {
        guard let (channel, _) = find(link, on: id) else { return }
        channel.inbox.append(entry)
        wake(channel.id, now: now)
    }

    mutating func end(_ id: TrunkID, _ farewell: Farewell, now: Instant) {
        guard trunks[id] != nil else { return }
        closedCounters.trunksRefused[farewell.code, default: 0] += 1
        outputs.append(to: id) { writer in
            writer.frame(.bye) { Bye(farewell).encode(into: &$0) }
        }
        if let bytes = outputs.take(id) { lastWords.append((id, bytes)) }
        closing.append((id, farewell))
        trunkClosed(id, now: now)
    }
}
