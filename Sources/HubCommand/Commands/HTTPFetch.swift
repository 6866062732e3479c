import Core
import Hub
import Loop

/// One HTTP GET, on a loop of its own.
enum HTTPFetch {
    /// The body of a 200; anything else throws what happened.
    static func get(_ path: String, from address: SocketAddress) throws(HubFailure) -> [UInt8] {
        let fetch = Fetch(path, host: "\(address)")
        do {
            let loop = try EventLoop()
            let stream = try Loop.Stream.connect(to: address, on: loop, owner: fetch)
            let isDone = try loop.runTurns(until: { fetch.outcome != nil }, withinMilliseconds: 5000)
            stream.close()
            guard isDone, let outcome = fetch.outcome else { throw HubFailure("no answer within 5 s") }
            return try outcome.get()
        } catch let failure as HubFailure {
            throw failure
        } catch let error as LoopError {
            throw HubFailure(error.text)
        } catch {
            throw HubFailure("\(error)")
        }
    }

    private final class Fetch: StreamOwner {
        private let request: [UInt8]
        private var received: [UInt8] = []
        var outcome: Result<[UInt8], HubFailure>?

        init(_ path: String, host: String) {
            request = Array("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        }

        func streamOpened(_ stream: Loop.Stream) { _ = stream.offer(request) }
        func streamDrained(_ stream: Loop.Stream) {}

        func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
            received.append(contentsOf: bytes)
            guard received.count > 64 << 20 else { return }
            outcome = .failure(HubFailure("the answer is longer than 64 MiB"))
        }

        func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
            guard outcome == nil else { return }
            switch end {
            case .failed(let error): outcome = .failure(HubFailure(error.text))
            case .ended, .closedByUs: outcome = answer()
            }
        }

        private func answer() -> Result<[UInt8], HubFailure> {
            received.withUnsafeBytes { bytes in
                var reader = HTTPResponseHeadReader()
                var offset = 0
                do throws(HTTPError) {
                    guard let head = try reader.next(in: bytes, from: &offset) else {
                        return .failure(HubFailure("the answer is not complete"))
                    }
                    let body = Array(bytes[offset...])
                    guard head.status == 200 else {
                        return .failure(HubFailure("\(head.status): \(String(decoding: body, as: UTF8.self))"))
                    }
                    return .success(body)
                } catch {
                    return .failure(HubFailure("the answer is not HTTP: \(error.reason)"))
                }
            }
        }
    }
}
