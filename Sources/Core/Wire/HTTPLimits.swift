/// How much of one HTTP request is taken before it is refused.
package struct HTTPLimits: Sendable {
    /// Bytes of the request line without its line end; beyond them 431.
    package var requestLineByteLimit = 8 << 10
    /// Bytes of all header lines with their line ends, held until the head is complete; beyond them 431.
    package var headerBlockByteLimit = 16 << 10
    /// Header lines; beyond them 431.
    package var headerCountLimit = 100
    /// Bytes of a body, chunks added up; beyond them 413.
    package var bodyByteLimit = 1 << 20

    package init() {}

    package static let standard = HTTPLimits()
}
