import Loop

/// One end of the line between the harness and a load generator.
final class ControlSocket: StreamOwner {
    private var stream: Loop.Stream?
    private var lines = LineCutter()
    private let heard: (ControlLine) -> Void
    private let ended: () -> Void

    /// Takes over the descriptor. `ended` is called once, when the other end is gone.
    init(
        _ descriptor: Int32, on loop: EventLoop, heard: @escaping (ControlLine) -> Void,
        ended: @escaping () -> Void
    ) throws(LoopError) {
        self.heard = heard
        self.ended = ended
        stream = try Loop.Stream(accepted: descriptor, on: loop, owner: self)
    }

    func say(_ line: ControlLine) { _ = stream?.offer(line.bytes) }

    func close() { stream?.close() }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        lines.receive(bytes) { line in
            if let line = ControlLine(line) { heard(line) }
        }
    }

    func streamDrained(_ stream: Loop.Stream) {}

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        self.stream = nil
        ended()
    }
}
