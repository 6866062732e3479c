import Core
import Glibc
import Loop

/// What a hub does that finds another at work on its state folder: it asks it to leave.
///
/// The other acts no more when it answers, and has let go of the folder's lock. From there on this hub begins its reign as
/// after a crash: it adopts what lives. Only the listeners are in hand already.
enum HandOverRequest {
    /// How long the other may take. It has nothing to wait for, so this is a hub that hangs.
    static let patienceMilliseconds: UInt64 = 5000

    /// The listeners of the hub that left; they are the caller's to close.
    ///
    /// - Throws: `HubFailure` with what to do when the other does not leave; nothing has changed then.
    static func takeOver(stateFolder: String, on loop: EventLoop) throws -> [Int32] {
        let folder = Files.absolute(stateFolder)
        let holder = StateFolder.holder(of: folder)
        Console.say("hub: taking over from process \(holder.isEmpty ? "?" : holder)")
        let caller = try HubCaller(stateFolder: folder, role: .hub, on: loop)
        caller.send(.handOver) { HandOverMessage(pid: getpid(), listenerCount: 0).encode(into: &$0) }
        _ = try loop.runTurns(
            until: { caller.handOver != nil || caller.end != nil }, withinMilliseconds: patienceMilliseconds)
        defer { caller.close() }
        if let answer = caller.handOver, answer.listenerCount == caller.descriptors.count { return caller.descriptors }
        for descriptor in caller.descriptors { Descriptors.close(descriptor) }
        // The kernel's word, if somebody answered; else what the lock says.
        let pid = caller.peerPid.map { "\($0)" } ?? holder
        throw HubFailure(
            """
            another hub (process \(pid)) uses the state folder \(folder) and does not hand over: \
            \(caller.end ?? "no answer within \(patienceMilliseconds / 1000) s"). \
            Nothing was changed. 'kill -9 \(pid)' ends it and leaves its processes running; then start this one again, and it \
            takes them. Or give this one its own folder with --state
            """)
    }
}
