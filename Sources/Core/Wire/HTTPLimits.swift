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

    /// How long a body may take in all; beyond it 408.
    package var bodyTime: Duration = .seconds(10)
    /// How fast a body must come, on the average since it began, looked at each second after the first; below it 408.
    package var bodyBytesPerSecond = 1 << 10
    /// Bytes of bodies that a front holds for all its connections; beyond them 503.
    package var bodiesByteLimit = 64 << 20
    /// How long a connection is kept after an answer for the whole head of the next request.
    package var keptTime: Duration = .seconds(15)
    /// How long the application may take for an answer; beyond it 503.
    package var answerTime: Duration = .seconds(30)

    package init() {}

    package static let standard = HTTPLimits()
}
