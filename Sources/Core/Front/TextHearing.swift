import State

/// What a client of the text form says, one JSON object a message. README and docs/WIRE.md describe it.
package enum TextMessage: Equatable {
    case hello(Hello)
    case input(grant: GrantID, number: InputNumber, data: [UInt8])
    /// One that does not wait for company.
    case inputNow(grant: GrantID, number: InputNumber, data: [UInt8])
    case say(ClientSaid)
    case read([Read])
    case unread([String])
    case write(String)
    /// `done` unless it names another code.
    case bye(Farewell)
    case pong

    /// Members that are not known are ignored; a message with none that is known is an error.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Farewell) {
        let text: JSONText
        do { text = try JSONText(bytes) } catch { throw Farewell(.protocolError, "not a JSON object: \(error)") }
        guard let members = text.root.members else { throw Farewell(.protocolError, "a message is a JSON object") }
        for member in members {
            switch member.name {
            case "hello":
                self = .hello(try Self.hello(member.value))
                return
            case "input":
                let (grant, number, data) = try Self.input(member.value)
                self = .input(grant: grant, number: number, data: data)
                return
            case "inputNow":
                let (grant, number, data) = try Self.input(member.value)
                self = .inputNow(grant: grant, number: number, data: data)
                return
            case "say":
                self = .say(try Self.said(member.value))
                return
            case "read":
                self = .read(try Self.reads(member.value))
                return
            case "unread":
                self = .unread(try Self.names(member.value, "unread"))
                return
            case "write":
                self = .write(try Self.channel(member.value, "write"))
                return
            case "bye":
                self = .bye(Self.farewell(member.value))
                return
            case "pong":
                self = .pong
                return
            default: continue
            }
        }
        throw Farewell(
            .protocolError, "no member that is known: hello, input, inputNow, say, read, unread, write or bye")
    }

    private static func hello(_ value: JSONValue) throws(Farewell) -> Hello {
        guard let attach = value["attach"]?.integer(UInt64.self) else {
            throw Farewell(.protocolError, "hello.attach must be a number from 1")
        }
        var token: [UInt8] = []
        if let said = value["token"], !said.isNull {
            guard let text = said.string, let bytes = Base64.decodeURL(text) else {
                throw Farewell(.unproven, "hello.token is not one of ours")
            }
            token = bytes
        }
        return Hello(
            attach: AttachNumber(rawValue: attach), token: token, reads: try value["read"].map(Self.reads) ?? [],
            write: try value["write"].map { (value) throws(Farewell) in try channel(value, "hello.write") } ?? "")
    }

    private static func input(_ value: JSONValue) throws(Farewell) -> (GrantID, InputNumber, [UInt8]) {
        guard let grant = value["grant"]?.integer(UInt64.self) else {
            throw Farewell(.protocolError, "input.grant must be the grant that was given")
        }
        guard let number = value["seq"]?.integer(UInt64.self), number > 0 else {
            throw Farewell(.protocolError, "input.seq must be a number from 1")
        }
        guard let data = value["data"] else { throw Farewell(.protocolError, "input.data is missing") }
        return (GrantID(rawValue: grant), InputNumber(rawValue: number), Array(data.bytes))
    }

    /// `to` names channels; without it the message is for all that the client reads.
    private static func said(_ value: JSONValue) throws(Farewell) -> ClientSaid {
        guard let data = value["data"] else { throw Farewell(.protocolError, "say.data is missing") }
        guard let to = value["to"], !to.isNull else { return ClientSaid(data: Array(data.bytes)) }
        let channels = try names(to, "say.to")
        guard !channels.isEmpty, channels.count <= Limits.readsPerSession else {
            throw Farewell(.protocolError, "say.to names 1 to \(Limits.readsPerSession) channels")
        }
        return ClientSaid(channels: channels, data: Array(data.bytes))
    }

    private static func reads(_ value: JSONValue) throws(Farewell) -> [Read] {
        guard let members = value.members else {
            throw Farewell(.protocolError, "read must be an object of channels")
        }
        var reads: [Read] = []
        for member in members {
            var read = Read(channel: member.name)
            // Without a lineage it is told that what it holds is no base.
            if !member.value.isNull, member.value["lineage"]?.isNull != true {
                guard let lineage = member.value["lineage"]?.integer(UInt64.self),
                    let version = member.value["version"]?.integer(UInt64.self)
                else {
                    throw Farewell(.protocolError, "read.\(member.name) must be null or a lineage and a version")
                }
                read.held = Held(
                    lineage: Lineage(rawValue: lineage), version: Version(rawValue: version), audiences: [.everyone])
            }
            reads.append(read)
            guard reads.count <= Limits.readsPerSession else {
                throw Farewell(.tooBig, "more than \(Limits.readsPerSession) channels to read")
            }
        }
        return reads
    }

    private static func farewell(_ value: JSONValue) -> Farewell {
        guard let code = value["code"]?.integer(UInt16.self) else { return Farewell(.done, "") }
        return Farewell(CloseCode(rawValue: code) ?? .failed, value["reason"]?.string ?? "")
    }

    private static func names(_ value: JSONValue, _ what: String) throws(Farewell) -> [String] {
        guard let elements = value.elements else { throw Farewell(.protocolError, "\(what) must be a list") }
        var names: [String] = []
        for element in elements {
            guard let name = element.string else {
                throw Farewell(.protocolError, "\(what) must be a list of channels")
            }
            names.append(name)
        }
        return names
    }

    private static func channel(_ value: JSONValue, _ what: String) throws(Farewell) -> String {
        if value.isNull { return "" }
        guard let name = value.string else { throw Farewell(.protocolError, "\(what) must be a channel or null") }
        return name
    }
}
