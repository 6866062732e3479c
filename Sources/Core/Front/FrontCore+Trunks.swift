import State

/// Trunks: one to each back process that the directory names, made again when it breaks.
extension FrontCore {
    package mutating func trunkConnected(_ id: TrunkID, now: Instant) {
        self.now = now
        guard let trunk = trunks[id] else { return }
        let greeting = Greeting(
            role: .front, name: settings.name, incarnation: settings.incarnation, nonce: Nonce(using: &dice))
        let handshake = ConnectorHandshake(greeting: greeting, key: settings.key)
        trunks[id]!.phase = .opening(handshake, since: now)
        trunks[trunk.id]!.output.raw(handshake.opening)
        armSweep()
    }

    package mutating func trunkClosed(_ id: TrunkID, now: Instant) {
        self.now = now
        loseTrunk(id)
    }

    /// How many bytes of what was sent on the trunk the kernel has not taken.
    package mutating func trunkUnsent(_ id: TrunkID, byteCount: Int) {
        guard let trunk = trunks[id] else { return }
        trunk.unsentByteCount = byteCount
        guard trunk.holdsInputs, trunk.takesInputs else { return }
        trunk.holdsInputs = false
        for index in trunk.linkOf.values.sorted() {
            flushBatch(index)
            resumeIfTaken(index)
        }
    }

    package mutating func receive(_ bytes: UnsafeRawBufferPointer, on id: TrunkID, now: Instant) {
        self.now = now
        guard let trunk = trunks[id] else { return }
        counters.trunkBytes += UInt64(bytes.count)
        // Taken out while it reads: what it holds is in one place only.
        var reader = FrameReader(limit: trunk.reader.limit)
        swap(&reader, &trunk.reader)
        trunk.heardAt = now
        trunk.pingedAt = nil
        do throws(Farewell) {
            try reader.receive(
                bytes, { (frame) throws(Farewell) in try take(frame, on: id) }, failed: { Farewell($0) })
            trunk.reader = reader
        } catch {
            counters.closed[error.code, default: 0] += 1
            guard trunks[id] != nil else { return }
            trunks[id]!.output.frame(.bye) { Bye(error).encode(into: &$0) }
            flushTrunk(id)
            direct(.closeTrunk(id))
            loseTrunk(id)
        }
    }

    /// Makes the trunks fit the directory.
    mutating func reconcileTrunks() {
        for (back, id) in trunkOf.sorted(by: { $0.key < $1.key }) {
            let entry = directory.back(named: back)
            if isOver(id) {
                counters.staleEpochs += 1
            } else if let entry, entry.address == nil || entry.address == trunks[id]?.address {
                // A back that is away for the hub may be there for us: a trunk that stands is left until it breaks by itself.
                continue
            }
            direct(.closeTrunk(id))
            loseTrunk(id)
        }
        for entry in directory.backs {
            if entry.address == nil {
                reconnects[entry.name] = nil
            } else if trunkOf[entry.name] == nil {
                reconnects[entry.name] = nil
                connectTrunk(to: entry.name)
            }
        }
        for back in reconnects.keys where directory.back(named: back) == nil { reconnects[back] = nil }
    }

    /// Whether the trunk's back has been replaced: another one of its name has a higher epoch.
    private func isOver(_ id: TrunkID) -> Bool {
        guard let trunk = trunks[id], case .open(let epoch) = trunk.phase else { return false }
        return highestEpoch[trunk.back].map { epoch < $0 } ?? false
    }

    mutating func connectTrunk(to back: String) {
        guard trunkOf[back] == nil, let address = directory.back(named: back)?.address else { return }
        if var reconnect = reconnects[back] {
            reconnect.at = now + reconnect.backoff.next()
            reconnects[back] = reconnect
        } else {
            scheduleReconnect(to: back)
        }
        lastTrunk = lastTrunk.next
        let trunk = FrontTrunk(
            id: lastTrunk, back: back, address: address, phase: .connecting(since: now), heardAt: now)
        trunks[lastTrunk] = trunk
        trunkOrder.append(trunk)
        trunkOf[back] = lastTrunk
        direct(.connect(lastTrunk, address: address))
        armSweep()
    }

    private mutating func loseTrunk(_ id: TrunkID) {
        guard let trunk = trunks.removeValue(forKey: id) else { return }
        trunkOrder.removeAll { $0 === trunk }
        if trunkOf[trunk.back] == id { trunkOf[trunk.back] = nil }
        if trunk.isOpen { counters.trunksLost += 1 }
        for index in trunk.linkOf.values.sorted() { suspendLink(index) }
        if reconnects[trunk.back] == nil, directory.back(named: trunk.back)?.address != nil {
            scheduleReconnect(to: trunk.back)
        }
    }

    private mutating func scheduleReconnect(to back: String) {
        var backoff = Backoff(first: .milliseconds(20), limit: .seconds(2), seed: dice.next())
        reconnects[back] = (now + backoff.next(), backoff)
    }

    private mutating func take(_ frame: Frame, on id: TrunkID) throws(Farewell) {
        guard let trunk = trunks[id] else { return }
        switch trunk.phase {
        case .connecting: throw Farewell(.protocolError, "a frame before the greeting")
        case .opening(var handshake, let since):
            switch try handshake.receive(frame) {
            case .send(let bytes):
                trunks[id]!.output.raw(bytes)
                trunks[id]!.phase = .opening(handshake, since: since)
            case .accepted(let accepted, _):
                try trunkAccepted(id, accepted)
            }
        case .open:
            do { try take(frame, of: trunk) } catch let error as WireError { throw Farewell(error) } catch let farewell
                as Farewell
            { throw farewell } catch { throw Farewell(.failed, "\(error)") }
        }
    }

    private mutating func trunkAccepted(_ id: TrunkID, _ accepted: Accepted) throws(Farewell) {
        let back = trunks[id]!.back
        if let highest = highestEpoch[back], accepted.epoch < highest {
            counters.staleEpochs += 1
            throw Farewell(.stale, "epoch \(accepted.epoch) is over, \(highest) has begun")
        }
        highestEpoch[back] = accepted.epoch
        trunks[id]!.phase = .open(accepted.epoch)
        trunks[id]!.options = accepted.options
        trunks[id]!.families = accepted.families
        reconnects[back] = nil
        learnFamilies(of: back, accepted)
        for index in links.indices where links[index]?.back == back { beginLink(index) }
    }

    /// Without a hub the backs themselves say what they serve.
    private mutating func learnFamilies(of back: String, _ accepted: Accepted) {
        guard let entry = directory.back(named: back), entry.families.isEmpty else { return }
        var known = entry
        known.families = accepted.families.compactMap { try? FamilyPattern($0) }
        known.epoch = accepted.epoch
        directory = ChannelDirectory(directory.backs.map { $0.name == back ? known : $0 })
        rerouteLinks()
    }

    private mutating func take(_ frame: Frame, of trunk: FrontTrunk) throws {
        switch frame.kind {
        case .section: try sectionArrived(frame, trunk)
        case .piece: try pieceArrived(frame, trunk)
        case .mark: try markArrived(try frame.decode(Mark.init(from:)), trunk)
        case .acked: try acksArrived(frame, trunk)
        case .linked: linked(try frame.decode(Linked.init(from:)), trunk)
        case .unlinked: unlinked(try frame.decode(Unlinked.init(from:)), trunk)
        case .attached: attached(try frame.decode(MemberAttached.init(from:)), trunk)
        case .dismissed: dismissed(try frame.decode(Dismissed.init(from:)), trunk)
        case .granted: granted(try frame.decode(Granted.init(from:)), trunk)
        case .revoked: revoked(try frame.decode(Revoked.init(from:)), trunk)
        case .refused: refused(try frame.decode(MemberRefused.init(from:)), trunk)
        case .toSessions: toSessions(try frame.decode(ToSessions.init(from:)), trunk)
        case .regrouped: regrouped(try frame.decode(Regrouped.init(from:)), trunk)
        case .dropped: dropped(try frame.decode(Dropped.init(from:)), trunk)
        case .toFront:
            let message = try frame.decode(ToFront.init(from:))
            if let index = trunk.linkOf[message.link], let link = links[index] {
                direct(.observed(link.channel, .message(message.data)))
            }
        case .tell: told(try frame.decode(Told.init(from:)))
        case .relay: relay(try frame.decode(Relayed.init(from:)))
        case .credit:
            let credit = try frame.decode(Credit.init(from:))
            if let index = trunk.linkOf[credit.link] { creditArrived(credit.byteCount, index) }
        case .ping:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            trunks[trunk.id]!.output.frame(.pong) { $0.u64(token) }
        case .pong: break
        case .bye:
            let bye = try frame.decode(Bye.init(from:))
            throw bye.farewell
        default: throw Farewell(.protocolError, "frame \(frame.kind) is not one that a back sends")
        }
    }

    // MARK: Output

    mutating func nextTrunkOutput() -> Directive? {
        for trunk in trunkOrder where trunk.output.count > 0 {
            var output = ByteWriter([], capacity: 4096)
            swap(&output, &trunk.output)
            return .send(trunk.id, output.bytes)
        }
        return nil
    }

    mutating func flushTrunk(_ id: TrunkID) {
        guard let trunk = trunks[id], trunk.output.count > 0 else { return }
        direct(.send(id, trunk.output.bytes))
        trunks[id]!.output = ByteWriter()
    }

    /// Trunks that are quiet are asked, those that do not answer are given up.
    mutating func sweepTrunks() {
        for id in trunks.keys.sorted() {
            guard let trunk = trunks[id] else { continue }
            let isOverdue: Bool
            switch trunk.phase {
            case .connecting(let since), .opening(_, let since): isOverdue = now.since(since) >= Limits.handshake
            case .open:
                isOverdue = trunk.pingedAt.map { now.since($0) >= Limits.pongWait } ?? false
                if trunk.pingedAt == nil, now.since(trunk.heardAt) >= Limits.pingPeriod {
                    trunks[id]!.output.frame(.ping) { $0.u64(now.nanoseconds) }
                    trunks[id]!.pingedAt = now
                }
            }
            if isOverdue {
                direct(.closeTrunk(id))
                loseTrunk(id)
            }
        }
    }
}
