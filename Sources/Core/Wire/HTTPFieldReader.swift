/// Reads header lines up to the empty one, for requests and responses alike: no folding, no space before the colon, names
/// of token characters, values of UTF-8 without control bytes.
struct HTTPFieldReader {
    private let limits: HTTPLimits
    private var lines = HTTPLineReader()
    private var headers = HTTPHeaders()
    private var takenByteCount = 0

    init(limits: HTTPLimits) { self.limits = limits }

    /// All headers, once the empty line is there.
    mutating func next(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPHeaders? {
        while true {
            let start = offset
            let leftCount = limits.headerBlockByteLimit - takenByteCount - 2
            guard leftCount >= 0 else { throw Self.tooLong(limits) }
            let line = try lines.next(in: bytes, from: &offset, limit: leftCount, tooLong: Self.tooLong(limits))
            guard let line else { return nil }
            takenByteCount += offset - start
            guard !line.isEmpty else { return headers }
            guard headers.fields.count < limits.headerCountLimit else {
                throw .headTooLong("the number of headers", limit: limits.headerCountLimit)
            }
            headers.append(try Self.field(line))
        }
    }

    private static func tooLong(_ limits: HTTPLimits) -> HTTPError {
        .headTooLong("the header block", limit: limits.headerBlockByteLimit)
    }

    private static func field(_ line: UnsafeRawBufferPointer) throws(HTTPError) -> HTTPHeaders.Field {
        guard !HTTPText.isBlank(line[0]) else { throw .malformed("a folded header") }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed("a header without a colon") }
        guard HTTPText.isToken(line[..<colon]) else { throw .malformed("a header's name is not a token") }
        let value = HTTPText.trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
        guard let text = String(validating: value, as: UTF8.self) else { throw .malformed("a header is not UTF-8") }
        return HTTPHeaders.Field(String(decoding: line[..<colon], as: UTF8.self), text)
    }
}
