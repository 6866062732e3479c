import State

/// A client's message to channels that it reads, by name, or to all of them (an empty list). At most once, not numbered.
package struct ClientSaid: Equatable, Sendable {
    package var channels: [String]
    package var data: [UInt8]

    package init(channels: [String] = [], data: [UInt8]) {
        self.channels = channels
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        let count = try reader.count(limit: Limits.readsPerSession, of: "the channels of a message")
        channels = []
        for _ in 0..<count { channels.append(try reader.text()) }
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(channels.count)
        for channel in channels { writer.text(channel) }
        writer.blob(data)
    }
}

/// One channel's message to another: `relay` from its back to a front, `relayed` from there to the back that owns the other.
package struct Relayed: Equatable, Sendable {
    package var sender: String
    package var channel: String
    package var data: [UInt8]

    package init(sender: String, channel: String, data: [UInt8]) {
        self.sender = sender
        self.channel = channel
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        sender = try reader.text()
        channel = try reader.text()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(sender)
        writer.text(channel)
        writer.blob(data)
    }
}

/// A channel's message to a front process that has no link to it.
package struct Told: Equatable, Sendable {
    package var channel: String
    package var data: [UInt8]

    package init(channel: String, data: [UInt8]) {
        self.channel = channel
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.blob(data)
    }
}
