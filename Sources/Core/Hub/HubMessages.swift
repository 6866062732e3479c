import State

/// What a process says of itself when it has proved the key: frame `60`, as JSON.
package struct Announcement: Sendable, Equatable, Codable {
    /// `front` or `back`.
    package var role: String
    package var name: String
    package var pid: Int32
    /// Where it takes trunks (backs); nil for fronts, which get the hub's listener.
    package var address: String?
    package var families: [String]?
    /// The epoch it acts under (backs), decimal.
    package var epoch: String?
    /// Free text for the status page, as `ready`.
    package var state: String?
    /// False for a program that links to channels and takes no clients: it is given no listener.
    package var takesClients: Bool?

    package init(
        role: String, name: String, pid: Int32, address: String? = nil, families: [String]? = nil,
        epoch: String? = nil, state: String? = nil, takesClients: Bool? = nil
    ) {
        self.role = role
        self.name = name
        self.pid = pid
        self.address = address
        self.families = families
        self.epoch = epoch
        self.state = state
        self.takesClients = takesClients
    }
}

/// Which backs there are: frame `61`, as JSON. Sent to every front when it changes, always whole.
package struct DirectoryMessage: Sendable, Equatable, Codable {
    package struct Back: Sendable, Equatable, Codable {
        package var name: String
        /// Missing while the back is away: its channels are unavailable, not unknown.
        package var address: String?
        /// Decimal.
        package var epoch: String
        package var families: [String]
    }

    /// The hub's term; a message of a lower term than the last one is refused.
    package var term: UInt32
    package var backs: [Back]

    package init(term: UInt32, _ directory: ChannelDirectory) {
        self.term = term
        backs = directory.backs.map {
            Back(
                name: $0.name, address: $0.address, epoch: "\($0.epoch)", families: $0.families.map(\.description))
        }
    }

    /// The routing table it stands for; entries that do not parse are left out.
    package var directory: ChannelDirectory {
        ChannelDirectory(
            backs.compactMap { back in
                guard let epoch = UInt64(back.epoch) else { return nil }
                return ChannelDirectory.Entry(
                    name: back.name, address: back.address, epoch: Epoch(rawValue: epoch),
                    families: back.families.compactMap { try? FamilyPattern($0) })
            })
    }
}

/// Frame `62`: a duplicate of the public listener travels with it.
package struct ListenerMessage: Sendable, Equatable {
    package var address: String

    package init(address: String) { self.address = address }
    package init(from reader: inout ByteReader) throws(WireError) { address = try reader.text() }
    package func encode(into writer: inout ByteWriter) { writer.text(address) }
}

/// Frame `64`: asks the peer for what an HTTP GET of `path` would answer.
package struct Query: Sendable, Equatable {
    /// The asker's own number for it.
    package var number: UInt64
    package var path: String

    package init(number: UInt64, path: String) {
        self.number = number
        self.path = path
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.num()
        path = try reader.text()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(number)
        writer.text(path)
    }
}

/// Frame `65`: the answer to the query of that number, with an HTTP status.
package struct Answer: Sendable, Equatable {
    package var number: UInt64
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    package init(number: UInt64, status: Int, contentType: String, body: [UInt8]) {
        self.number = number
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.num()
        status = try reader.count(limit: 999, of: "a status")
        contentType = try reader.text()
        body = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(number)
        writer.num(status)
        writer.text(contentType)
        writer.blob(body)
    }
}

/// Frame `66`: finish within `grace`, then exit.
package struct StopMessage: Sendable, Equatable {
    package var grace: Duration

    package init(grace: Duration) { self.grace = grace }

    package init(from reader: inout ByteReader) throws(WireError) {
        grace = .milliseconds(try reader.count(limit: 86_400_000, of: "a grace"))
    }

    package func encode(into writer: inout ByteWriter) { writer.num(UInt64((grace / .milliseconds(1)).rounded())) }
}

/// Frame `68`: take no new clients, move those that are here within `deadline`, then exit.
package struct DrainMessage: Sendable, Equatable {
    package var deadline: Duration

    package init(deadline: Duration) { self.deadline = deadline }

    package init(from reader: inout ByteReader) throws(WireError) {
        deadline = .milliseconds(try reader.count(limit: 86_400_000, of: "a deadline"))
    }

    package func encode(into writer: inout ByteWriter) { writer.num(UInt64(deadline / .milliseconds(1))) }
}

/// Frame `69`: a hub asks the one before it to leave, and is told that it has: it acts no more, and its listeners came before.
package struct HandOverMessage: Sendable, Equatable {
    /// Who says it.
    package var pid: Int32
    /// How many listeners were handed over; 0 in the request.
    package var listenerCount: Int

    package init(pid: Int32, listenerCount: Int) {
        self.pid = pid
        self.listenerCount = listenerCount
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        pid = Int32(try reader.count(limit: Int(Int32.max), of: "a pid"))
        listenerCount = try reader.count(limit: HubLimits.processCount, of: "listeners")
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(UInt64(pid))
        writer.num(listenerCount)
    }
}
