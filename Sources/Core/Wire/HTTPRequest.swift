import State

/// A request on its way out, for the Swift client and the `hub` subcommands.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Path and query, percent-encoded; white space and control bytes in it are percent-encoded on the way out.
    package var target: String
    /// With `Host`; `Content-Length` is added if there is a body.
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(method: String, target: String, headers: HTTPHeaders, body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    package func bytes() -> [UInt8] {
        var out = ByteWriter()
        out.raw(HTTPText.lineSafe(method))
        out.u8(0x20)
        out.raw(Self.encoded(target))
        out.raw(" HTTP/1.1\r\n".utf8)
        for field in headers.fields { HTTPResponse.line(field.name, field.value, to: &out) }
        if !body.isEmpty { HTTPResponse.line("Content-Length", String(body.count), to: &out) }
        out.raw("\r\n".utf8)
        out.raw(body)
        return out.bytes
    }

    private static func encoded(_ target: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return target.utf8.flatMap { byte -> [UInt8] in
            guard byte <= 0x20 || byte >= 0x7F else { return [byte] }
            return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
