import CUV
import Glibc

/// One libuv loop. It and everything made on it belong to the one thread that calls `run`; only `mailbox` is for others.
///
/// A turn is: sleep until something is due, run every callback that is, then the `onTurnEnd` bodies. A body may want a `rest`
/// before the next.
package final class EventLoop {
    /// Where other threads leave work for this loop.
    package let mailbox: Mailbox

    let raw: UnsafeMutablePointer<uv_loop_t>
    /// Every stream of this loop reads into this one buffer; its bytes are valid for the length of one `streamRead`.
    let readBuffer: UnsafeMutableRawBufferPointer
    static let readBufferByteCount = 64 * 1024

    /// Goes on, never back, but for `drivenInline`, which `runTurns` enters from `ready` and leaves to it.
    private enum Life { case ready, drivenInline, running, stopping, ended }
    @exclusivity(unchecked) private var life = Life.ready
    private var turnEndBodies: [() -> Void] = []
    /// True when a callback ran since the turn-end bodies did. True at first: what was made before `run` counts.
    @exclusivity(unchecked) private var turnHasWork = true
    private let wake = HandleMemory<uv_async_t>()
    private let turnEnd = HandleMemory<uv_prepare_t>()
    /// Behind the last event of a turn.
    private let eventsEnd = HandleMemory<uv_check_t>()
    @exclusivity(unchecked) var readable = Readable()
    /// When the reads that go on now began.
    @exclusivity(unchecked) var readBeganNanoseconds: UInt64 = 0
    /// Active for one turn after a rest, and while sockets wait to be closed: that turn does not sleep, and has an end.
    let awake = HandleMemory<uv_idle_t>()
    /// What the rest after this turn is, if one is wanted.
    @exclusivity(unchecked) var wantedRest: Rest?
    @exclusivity(unchecked) var closing = Closing()
    /// When the first callback of this turn ran.
    private var turnBeganAt = uv_hrtime()
    /// How long its turns took so far.
    package private(set) var turns = TurnTimes()

    /// Makes a loop for the calling thread, and makes the process ignore SIGPIPE.
    ///
    /// - Throws: `LoopError` when the process is out of descriptors.
    package init() throws(LoopError) {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        raw = .allocate(capacity: 1)
        readBuffer = .allocate(byteCount: Self.readBufferByteCount, alignment: 64)
        mailbox = Mailbox()
        var answer = uv_loop_init(raw)
        if answer == 0 {
            answer = uv_async_init(raw, wake.raw) { handle in
                owner(handle?.pointee.data, as: EventLoop.self)?.mailboxFilled()
            }
            if answer != 0 { uv_loop_close(raw) }
        }
        guard answer == 0 else {
            wake.discard()
            turnEnd.discard()
            eventsEnd.discard()
            awake.discard()
            raw.deallocate()
            readBuffer.deallocate()
            readable.streams.deallocate()
            throw LoopError("loop", code: answer)
        }
        // Not retained: these handles are the loop's own, and `finish` closes them before the loop goes.
        wake.handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_prepare_init(raw, turnEnd.raw)
        turnEnd.handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_check_init(raw, eventsEnd.raw)
        eventsEnd.handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_idle_init(raw, awake.raw)
        awake.handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        // The prepare phase is the last before the loop sleeps: after I/O, close callbacks and timers alike.
        uv_prepare_start(turnEnd.raw) { handle in
            owner(handle?.pointee.data, as: EventLoop.self)?.endTurn()
        }
        uv_check_start(eventsEnd.raw) { handle in
            owner(handle?.pointee.data, as: EventLoop.self)?.readNoted()
        }
        raw.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        mailbox.open(wake.raw)
    }

    deinit {
        finish()
        readBuffer.deallocate()
        readable.streams.deallocate()
        raw.deallocate()
    }

    /// Runs turns until `stop`; then runs what the mailbox still holds and the turn-end bodies once more, closes every
    /// handle left, lets their last callbacks run, and returns. A loop runs once.
    package func run() {
        guard life == .ready || life == .stopping else { return }
        if life == .ready {
            life = .running
            // What was made before is the first turn's, but not the time that it took: nobody was served yet.
            turnBeganAt = uv_hrtime()
        }
        while life == .running { _ = uv_run(raw, UV_RUN_DEFAULT) }
        mailbox.close()
        // libuv stops before the last turn's end; what its callbacks left for the turn-end bodies is still sent.
        noteCallback()
        endTurn()
        finish()
    }

    /// Makes `run` return after this turn. On the loop's thread; others post it.
    package func stop() {
        guard life != .ended else { return }
        life = .stopping
        uv_stop(raw)
    }

    /// Registers a body that runs at the end of each turn in which any callback ran, before the loop sleeps. Bodies run in
    /// the order of registration, for as long as the loop lives. What they offer, arm or post is seen by the next turn;
    /// that they ran does not by itself make another turn.
    package func onTurnEnd(_ body: @escaping () -> Void) { turnEndBodies.append(body) }

    /// CLOCK_MONOTONIC, read now, in nanoseconds.
    package var nowNanoseconds: UInt64 { uv_hrtime() }

    /// Runs turns until the condition holds, which is asked after each turn, or the bound has passed. It does not end
    /// the loop. For start-up phases and tests; never from inside a callback.
    ///
    /// - Returns: whether the condition holds.
    package func runTurns(until condition: () -> Bool, withinMilliseconds bound: UInt64) throws(LoopError) -> Bool {
        guard life == .ready else { return condition() }
        let deadline = nowNanoseconds + bound * 1_000_000
        let alarm = try Timer(on: self) {}
        alarm.arm(afterMilliseconds: bound + 1)
        life = .drivenInline
        defer {
            alarm.close()
            if life == .drivenInline { life = .ready }
        }
        while !condition() {
            guard life == .drivenInline, nowNanoseconds < deadline else { return false }
            _ = uv_run(raw, UV_RUN_ONCE)
        }
        return true
    }

    /// Every callback says this first, so that the turn-end bodies run.
    @inline(__always)
    func noteCallback() {
        guard !turnHasWork else { return }
        turnHasWork = true
        turnBeganAt = uv_hrtime()
    }

    var isEnded: Bool { life == .ended }

    private func mailboxFilled() {
        noteCallback()
        mailbox.runBatch()
    }

    private func endTurn() {
        guard turnHasWork else { return }
        turnHasWork = false
        closing.turnEnded()
        var index = 0
        while index < turnEndBodies.count {
            turnEndBodies[index]()
            index += 1
        }
        let now = uv_hrtime()
        turns.record(now &- turnBeganAt)
        if let rest = wantedRest {
            wantedRest = nil
            take(rest, now: now)
        }
        // The bodies may have made the condition true: do not sleep before it is asked.
        if life == .drivenInline { uv_stop(raw) }
    }

    private func finish() {
        guard life != .ended else { return }
        life = .ended
        mailbox.close()
        turnEndBodies = []
        releaseSome(atMost: .max)
        closeEveryHandle()
        uv_close(wake.handle) { HandleBlock.free($0) }
        uv_close(turnEnd.handle) { HandleBlock.free($0) }
        uv_close(eventsEnd.handle) { HandleBlock.free($0) }
        uv_close(awake.handle) { HandleBlock.free($0) }
        // Close callbacks may close more, or make and so orphan more: walk again until libuv lets the loop go.
        while uv_loop_close(raw) != 0 {
            closeEveryHandle()
            _ = uv_run(raw, UV_RUN_NOWAIT)
        }
    }

    private func closeEveryHandle() {
        uv_walk(
            raw,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0, let data = handle.pointee.data else { return }
                (Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue() as? any HandleOwner)?.closeWithLoop()
            }, nil)
    }
}
