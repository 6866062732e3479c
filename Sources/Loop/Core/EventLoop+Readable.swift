import CHint
import CUV

/// Streams that have something to be read are noted as libuv comes by them and read some at a time: what the next ones are looked at
/// for is on its way from memory while the kernel hands over what one of them got. With thousands of clients nothing of them is
/// near when they say something, and waiting for it, line after line, was more than what is done with an input.
extension EventLoop {
    struct Readable {
        /// So many are read together: few enough that what was brought near is still there.
        static let limit = 32
        /// How far ahead owners' memory is asked for.
        static let distance = 3

        let streams = UnsafeMutablePointer<Unmanaged<Stream>>.allocate(capacity: limit)
        var count = 0
    }

    /// A stream has something to be read, and nothing else is the matter with it. It is read in this turn, before any close callback:
    /// until then its handle holds it.
    @inline(__always)
    func noteReadable(_ stream: Unmanaged<Stream>) {
        readable.streams[readable.count] = stream
        readable.count += 1
        if readable.count == Readable.limit { readNoted() }
    }

    /// Reads those that were noted.
    func readNoted() {
        let count = readable.count
        guard count > 0 else { return }
        readable.count = 0
        noteCallback()
        readBeganNanoseconds = uv_hrtime()
        let streams = readable.streams
        for place in 0..<count {
            chint_near(streams[place].toOpaque())
            chint_near(streams[place].toOpaque() + 64)
        }
        for place in 0..<count {
            if place + Readable.distance < count {
                streams[place + Readable.distance]._withUnsafeGuaranteedRef { $0.prefetchOwned() }
            }
            streams[place]._withUnsafeGuaranteedRef { $0.becameReadable() }
        }
    }
}
