import State

/// Says each message to a client in the format that it speaks. What is said is appended to a writer of the connection's; frames
/// get their WebSocket header when they are gathered, texts have it at once.
package enum ClientVoice {
    package static func welcome(_ welcome: Welcome, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.welcome) { welcome.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("welcome") {
                $0.member("session", welcome.session.description)
                $0.member("token", Base64.encodeURL(welcome.token))
                $0.name("resumed")
                $0.bool(welcome.isResumed)
            }
        }
    }

    package static func attached(_ attached: ClientAttached, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.attachedClient) { attached.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("attached") {
                $0.member("channel", attached.channel)
                $0.member("me", attached.me.description)
                guard !attached.data.isEmpty else { return }
                $0.name("data")
                $0.anything(attached.data)
            }
        }
    }

    package static func unlinked(_ unlinked: ClientUnlinked, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.unlinkedClient) { unlinked.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("unlinked") {
                $0.member("channel", unlinked.channel)
                $0.member("reason", unlinked.farewell.reason)
                $0.name("code")
                $0.integer(unlinked.farewell.code.rawValue)
            }
        }
    }

    package static func granted(_ granted: ClientGranted, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.grantedClient) { granted.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("granted") {
                $0.member("channel", granted.channel)
                $0.name("grant")
                $0.decimal(granted.grant.rawValue)
                $0.name("highest")
                $0.integer(granted.highest.rawValue)
                $0.name("refused")
                $0.array { for number in granted.refused { $0.integer(number.rawValue) } }
            }
        }
    }

    package static func acked(_ acked: ClientAcked, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.ackedClient) { acked.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("acked") {
                $0.name("grant")
                $0.decimal(acked.grant.rawValue)
                $0.name("seq")
                $0.integer(acked.highest.rawValue)
                $0.name("tick")
                $0.integer(acked.tick.rawValue)
            }
        }
    }

    package static func refused(_ refused: ClientRefused, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.refusedClient) { refused.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("refused") {
                $0.name("grant")
                $0.decimal(refused.grant.rawValue)
                $0.name("seq")
                $0.integer(refused.number.rawValue)
                $0.member("reason", refused.reason)
            }
        }
    }

    package static func message(_ message: ClientMessage, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.message) { message.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("message") {
                $0.member("channel", message.channel)
                $0.name("version")
                $0.integer(message.version.rawValue)
                $0.name("data")
                $0.anything(message.data)
            }
        }
    }

    package static func bye(_ bye: Bye, _ format: ClientFormat, to out: inout ByteWriter) {
        guard format == .text else { return out.frame(.bye) { bye.encode(into: &$0) } }
        text(to: &out) { json in
            json.object("bye") {
                $0.name("code")
                $0.integer(bye.code)
                $0.member("reason", bye.reason)
                $0.name("attach")
                $0.integer(bye.attach.rawValue)
            }
        }
    }

    /// One patch as a text, with its WebSocket header. `base` nil replaces everything.
    package static func patch(
        _ entry: History.Entry, base: Version?, channel: ChannelID, lineage: Lineage, schema: SchemaDescription
    ) throws(WireError) -> [UInt8] {
        try patch(
            entry.patch, base: base, version: entry.version, tick: entry.tick, channel: channel, lineage: lineage,
            schema: schema)
    }

    /// The same from its parts. No lineage: what the client holds then is no base for another front.
    package static func patch(
        _ patch: [UInt8], base: Version?, version: Version, tick: TickNumber, channel: ChannelID, lineage: Lineage?,
        schema: SchemaDescription
    ) throws(WireError) -> [UInt8] {
        let members = try Patch.jsonMembers(patch, schema)
        var out = ByteWriter()
        text(to: &out) { json in
            json.object("patch") {
                $0.member("channel", channel.text)
                $0.name("lineage")
                if let lineage { $0.decimal(lineage.rawValue) } else { $0.null() }
                $0.name("base")
                if let base { $0.integer(base.rawValue) } else { $0.null() }
                $0.name("version")
                $0.integer(version.rawValue)
                $0.name("tick")
                $0.integer(tick.rawValue)
                $0.out.raw(",".utf8)
                $0.out.raw(members.utf8)
            }
        }
        return out.bytes
    }

    /// One JSON object as one WebSocket text message.
    private static func text(to out: inout ByteWriter, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        body(&json)
        json.endObject()
        WebSocketWriter.header(.text, payloadByteCount: json.out.count, to: &out)
        out.raw(json.out.bytes)
    }
}

extension JSONWriter {
    /// A member that is an object.
    fileprivate mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        beginObject()
        body(&self)
        endObject()
    }

    /// An application's bytes: as they are if they are JSON, else as base64.
    fileprivate mutating func anything(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            if (try? JSONText(buffer)) != nil { text(buffer) } else { base64(buffer) }
        }
    }
}
