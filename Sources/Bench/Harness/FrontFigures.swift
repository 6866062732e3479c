import FoundationEssentials
import Glibc

/// The figures of a front, asked over its own HTTP.
struct FrontFigures: Decodable {
    let gauges: [String: Double]?
    let counters: [String: Double]?
    let histograms: [String: Histogram]?

    struct Histogram: Decodable {
        let bounds: [Double]
        let counts: [UInt64]
    }

    private struct Status: Decodable { let report: FrontFigures }

    /// Turns of the loop above a bound of its histogram, in seconds.
    func turns(above bound: Double) -> UInt64 {
        guard let turns = histograms?["loop_turn_seconds"] else { return 0 }
        return zip(turns.bounds + [.infinity], turns.counts).reduce(0) { $0 + ($1.0 > bound ? $1.1 : 0) }
    }

    /// Nil when the front does not answer within a second, or not as expected.
    static func ask(port: UInt16) -> FrontFigures? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var wait = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = Array("GET /status.json HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard isConnected, write(descriptor, request, request.count) == request.count else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        guard let start = answer.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        return (try? JSONDecoder().decode(Status.self, from: Data(answer[start...])))?.report
    }
}
