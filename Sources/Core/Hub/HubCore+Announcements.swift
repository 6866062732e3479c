/// Processes that say what they are, and their connections to the hub.
extension HubCore {
    /// A process proved the key and said what it is.
    ///
    /// - Parameters:
    ///   - announcement: with the pid that the kernel says, not the one that was claimed.
    ///   - leader: the leader of its session by the kernel's word, which is what was started behind a wrapper.
    package mutating func announced(
        _ announcement: Announcement, leader: Int32? = nil, from connection: HubConnectionID, now: Instant
    ) {
        do throws(Farewell) {
            guard let role = ProcessRole(rawValue: announcement.role) else {
                throw Farewell(.refused, "the role '\(announcement.role)' is neither front nor back nor worker")
            }
            let families = try Self.families(of: announcement)
            if let place = place(of: announcement.name) {
                try admit(announcement, leader, role, families, at: place, from: connection)
                for channel in placement.channels[announcement.name] ?? []
                where !families.contains(where: { $0.matches(channel) }) {
                    directives.append(.notice(.misplaced(name: announcement.name, channel: channel)))
                }
            } else {
                try welcome(announcement, role, families, from: connection, now: now)
            }
            if role == .front {
                if announcement.takesClients != false { directives.append(.sendListeners(connection)) }
                if let sentDirectory { directives.append(.sendDirectory(sentDirectory, to: [connection])) }
            }
        } catch {
            directives.append(.notice(.refused(name: announcement.name, error)))
            directives.append(.refuse(connection, error))
        }
        settle()
    }

    /// A report from a process that announced itself; others are ignored.
    package mutating func reported(_ report: ProcessReport, from connection: HubConnectionID) {
        guard let name = name(of: connection) else { return }
        reports[name] = report
        if let place = place(of: name) { processes[place].reported(report) }
    }

    /// The hub ended a connection to its socket, before or after its peer proved the key. `connectionLost` follows.
    package mutating func connectionRefused(_ reason: Farewell) { refusals[reason.code, default: 0] += 1 }

    /// The connection is gone. The process may live on and come back.
    package mutating func connectionLost(_ connection: HubConnectionID, now: Instant) {
        for place in processes.indices { processes[place].connectionLost(connection) }
        for guest in guests where guest.connection == connection { reports[guest.announcement.name] = nil }
        guests.removeAll { $0.connection == connection }
        settle()
    }

    /// A public listener that had to be waited for is there: every front that takes clients is handed it.
    package mutating func listenersChanged() {
        let programs = Set(guests.filter { $0.announcement.takesClients == false }.map(\.connection))
        directives += fronts.filter { !programs.contains($0) }.map { .sendListeners($0) }
    }

    private func name(of connection: HubConnectionID) -> String? {
        processes.first { $0.state.connection == connection }?.spec.name
            ?? guests.first { $0.connection == connection }?.announcement.name
    }

    private static func families(of announcement: Announcement) throws(Farewell) -> [FamilyPattern] {
        let texts = announcement.families ?? []
        guard texts.count <= Limits.familiesPerBack else {
            throw Farewell(.tooBig, "\(texts.count) families; the limit is \(Limits.familiesPerBack)")
        }
        var families: [FamilyPattern] = []
        for text in texts {
            do { families.append(try FamilyPattern(text)) } catch { throw Farewell(.protocolError, error.description) }
        }
        return families
    }

    /// An announcement under the name of a process of ours.
    private mutating func admit(
        _ announcement: Announcement, _ leader: Int32?, _ role: ProcessRole, _ families: [FamilyPattern],
        at place: Int, from connection: HubConnectionID
    ) throws(Farewell) {
        let process = processes[place]
        guard role == process.spec.role else {
            throw Farewell(.refused, "\(process.spec.name) is a \(process.spec.role.rawValue), not a \(role.rawValue)")
        }
        guard let life = process.state.life else {
            throw Farewell(.stale, "the process of that name is gone and will be replaced")
        }
        if role == .back, announcement.epoch != life.epoch.map({ "\($0)" }) {
            throw Farewell(.stale, "the epoch of \(process.spec.name) is \(life.epoch.map { "\($0)" } ?? "none")")
        }
        guard announcement.pid == life.pid || leader == life.pid else {
            throw Farewell(
                .duplicate, "\(process.spec.name) is process \(life.pid), and \(announcement.pid) is not of its session"
            )
        }
        if process.state.connection != nil, announcement.pid != life.announcedPid {
            throw Farewell(.duplicate, "\(process.spec.name) is process \(life.announcedPid ?? life.pid)")
        }
        switch process.state {
        case .awaited: directives.append(.notice(.adopted(name: process.spec.name, pid: announcement.pid)))
        case .starting:
            directives.append(
                .notice(
                    .announced(name: process.spec.name, pid: announcement.pid, address: announcement.address)))
        case .spawning, .running, .stopping, .restarting, .failed, .stopped: break
        }
        if let replaced = processes[place].announced(announcement, families, from: connection), replaced != connection {
            directives.append(.refuse(replaced, Farewell(.superseded, "this process has a newer connection")))
        }
        if case .stopping(_, _, let step, _) = processes[place].state, step != .draining {
            directives.append(.sendStop(connection, grace: limits.terminateGrace))
        }
    }

    /// An announcement under a name that we did not give.
    private mutating func welcome(
        _ announcement: Announcement, _ role: ProcessRole, _ families: [FamilyPattern],
        from connection: HubConnectionID, now: Instant
    ) throws(Farewell) {
        guard !announcement.name.isEmpty, announcement.name.utf8.count <= ChannelID.byteLimit else {
            throw Farewell(.refused, "a process needs a name of 1 to \(ChannelID.byteLimit) bytes")
        }
        guard processes.count + guests.count < HubLimits.processCount else {
            throw Farewell(.overloaded, "the hub has \(HubLimits.processCount) processes")
        }
        if let other = guests.first(where: { $0.announcement.name == announcement.name }) {
            guard other.connection == connection else {
                throw Farewell(.duplicate, "\(announcement.name) is process \(other.announcement.pid)")
            }
            guests.removeAll { $0.connection == connection }
        }
        let epoch = Epoch(rawValue: announcement.epoch.flatMap { UInt64($0) } ?? 0)
        guests.append(
            Guest(
                role: role, announcement: announcement, families: families, epoch: epoch, connection: connection,
                since: now))
        directives.append(
            .notice(.announced(name: announcement.name, pid: announcement.pid, address: announcement.address)))
    }
}
