package enum HTTPVersion: Sendable {
    case http10
    case http11
}

/// What an HTTP body's end is known by.
package enum HTTPBodyLength: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
}

/// Whether the connection goes on after a message.
package enum HTTPConnectionFate: Sendable {
    case keepAlive
    case close
}

/// The head of one request, checked: whatever could be read in two ways has been refused.
package struct HTTPRequestHead: Sendable {
    /// As it came; methods are case-sensitive.
    package let method: String
    package let target: HTTPTarget
    package let version: HTTPVersion
    package let headers: HTTPHeaders
    package let bodyLength: HTTPBodyLength
    /// What the client wants to happen to the connection after the answer.
    package let fate: HTTPConnectionFate
    /// The client holds its body back until it reads `100 Continue`.
    package let expectsContinue: Bool

    /// Decoded, without dot segments.
    package var path: String { target.path }
    package var query: [HTTPTarget.Pair] { target.query }
    package var keepAlive: Bool { fate == .keepAlive }
    /// The authority that the client asked for; nil only in HTTP/1.0.
    package var host: String? { headers.first("host") }

    init(_ line: HTTPRequestLine, headers: HTTPHeaders) throws(HTTPError) {
        method = line.method
        target = line.target
        version = line.version
        self.headers = headers
        try Self.checkHost(headers, version: line.version)
        bodyLength = try HTTPFraming.requestBodyLength(headers, version: line.version)
        fate = HTTPFraming.fate(headers, version: line.version)
        expectsContinue = try Self.expectsContinue(headers, version: line.version)
    }

    private static func checkHost(_ headers: HTTPHeaders, version: HTTPVersion) throws(HTTPError) {
        let hosts = headers.all("host")
        guard hosts.count <= 1 else { throw .malformed("more than one Host") }
        guard let host = hosts.first else {
            guard version == .http10 else { throw .malformed("no Host") }
            return
        }
        let isAuthority = host.utf8.allSatisfy { byte in
            HTTPText.isTokenByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
                || byte == UInt8(ascii: "]")
        }
        guard isAuthority else { throw .malformed("the Host is not a host and port") }
    }

    private static func expectsContinue(_ headers: HTTPHeaders, version: HTTPVersion) throws(HTTPError) -> Bool {
        let expectations = headers.tokens("expect")
        guard version == .http11, !expectations.isEmpty else { return false }
        guard expectations.count == 1, HTTPText.equalIgnoringCase(expectations[0], "100-continue") else {
            throw .expectationUnknown
        }
        return true
    }
}
