import Synchronization
import Testing
import Loop

@Suite struct EventLoopTests {
    @Test("A loop that is stopped before it runs still runs what was posted, and takes no more after its end")
    func stopped() throws {
        let loop = try EventLoop()
        let posted = Flag()
        #expect(loop.mailbox.post { posted.raise() })
        loop.stop()
        loop.run()
        #expect(posted.isRaised)
        #expect(!loop.mailbox.post {})
    }

    @Test("The end of a loop runs posts that post, but not without end") func endlessPosts() throws {
        let loop = try EventLoop()
        let count = Mutex(0)
        let mailbox = loop.mailbox
        @Sendable func again() {
            count.withLock { $0 += 1 }
            mailbox.post(again)
        }
        mailbox.post(again)
        loop.stop()
        loop.run()
        #expect(count.withLock { $0 } > 2)
    }

    @Test("The end of a loop closes every kind of handle and lets go of its memory") func endReleases() throws {
        weak var stream: Stream?
        weak var acceptor: Acceptor?
        weak var timer: Loop.Timer?
        weak var grid: GridTimer?
        weak var owner: RealEnd?
        weak var ended: EventLoop?
        do {
            let loop = try EventLoop()
            let end = RealEnd()
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            end.stream = try Stream.connect(to: listener.address, on: loop, owner: end)
            stream = end.stream
            owner = end
            let made = try (
                Acceptor(listener.duplicate(), on: loop) { fd, _ in Descriptors.close(fd) },
                Loop.Timer(on: loop) {}, GridTimer(on: loop) {}
            )
            (acceptor, timer, grid) = made
            made.1.arm(afterMilliseconds: 100_000)
            made.2.arm(atNanoseconds: .max / 4)
            ended = loop
            loop.stop()
            loop.run()
            #expect(end.log.ends == [.closedByUs])
            end.stream = nil
        }
        #expect(stream == nil && acceptor == nil && timer == nil && grid == nil && owner == nil && ended == nil)
    }

    @Test("A loop that never ran is freed without it") func neverRun() throws {
        weak var freed: EventLoop?
        do {
            let loop = try EventLoop()
            loop.mailbox.post {}
            freed = loop
        }
        #expect(freed == nil)
    }

    @Test("Posts from many threads all run, in each thread's order") func manyThreads() throws {
        let threadCount = 8, postCount = 5_000
        let seen = Mutex([[Int]](repeating: [], count: threadCount))
        try withLoop { loop in
            let mailbox = loop.mailbox
            let posters = try (0..<threadCount).map { thread in
                try JoinedThread {
                    for number in 0..<postCount {
                        mailbox.post { seen.withLock { $0[thread].append(number) } }
                    }
                }
            }
            try loop.wait(for: "every post") { seen.withLock { $0.allSatisfy { $0.count == postCount } } }
            for poster in posters { poster.join() }
        }
        for order in seen.withLock({ $0 }) { #expect(order == Array(0..<postCount)) }
    }

    @Test("A loop on a thread of its own is stopped through its mailbox") func onThread() throws {
        let mailbox = Mutex<Mailbox?>(nil)
        let ended = Flag()
        let thread = try LoopThread {
            guard let loop = try? EventLoop() else { return }
            let own = loop.mailbox
            own.post { mailbox.withLock { $0 = own } }
            let box = Confined(loop)
            own.post { box.value.stop() }
            loop.run()
            ended.raise()
        }
        thread.join()
        #expect(ended.isRaised)
        let later = mailbox.withLock { $0 }
        #expect(later?.post {} == false)
    }

    @Test("Turn-end bodies run once a turn, in order, before the loop sleeps, and what they post makes the next turn")
    func turnEnd() throws {
        try withLoop { loop in
            var order: [Int] = []
            let wakes = Mutex(0)
            loop.onTurnEnd { order.append(1) }
            loop.onTurnEnd {
                order.append(2)
                if order.count < 20 { loop.mailbox.post { wakes.withLock { $0 += 1 } } }
            }
            try loop.wait(for: "ten turns") { order.count >= 20 }
            #expect(order.count == 20)
            #expect(order.prefix(4) == [1, 2, 1, 2])
            #expect(wakes.withLock { $0 } == 9)
        }
    }

    @Test("Turn-end bodies do not make turns of their own") func turnEndSleeps() throws {
        try withLoop { loop in
            var bodyCount = 0
            var fireCount = 0
            loop.onTurnEnd { bodyCount += 1 }
            let timer = try Loop.Timer(on: loop) { fireCount += 1 }
            timer.arm(afterMilliseconds: 40)
            try loop.wait(for: "the timer") { fireCount == 1 }
            #expect(bodyCount <= 3)
        }
    }

    @Test(
        "What the last turn, or a loop that never turned, leaves for the turn-end bodies is still sent",
        arguments: [false, true])
    func turnEndAfterStop(_ stopsBefore: Bool) throws {
        let loop = try EventLoop()
        let (ours, theirs) = try Descriptors.socketPair()
        let end = RealEnd()
        end.stream = try Stream(accepted: ours, on: loop, owner: end)
        var owed: [UInt8] = []
        loop.onTurnEnd {
            if !owed.isEmpty { #expect(end.offer(owed) == .sent) }
            owed = []
        }
        let timer = try Loop.Timer(on: loop) {
            owed = [1, 2, 3]
            loop.stop()
        }
        if stopsBefore {
            owed = [1, 2, 3]
            loop.stop()
        } else {
            timer.arm(afterMilliseconds: 1)
        }
        loop.run()
        try withLoop { second in
            let peer = RealEnd()
            peer.stream = try Stream(accepted: theirs, on: second, owner: peer)
            try second.wait(for: "the end") { peer.log.isOver }
            #expect(peer.log.bytes == [1, 2, 3])
        }
        #expect(end.log.ends == [.closedByUs])
    }

    @Test("A timer armed in a turn-end body is seen before the loop sleeps") func turnEndArms() throws {
        try withLoop { loop in
            var fired = false
            let timer = try Loop.Timer(on: loop) { fired = true }
            loop.onTurnEnd { if !fired { timer.arm(afterMilliseconds: 1) } }
            try loop.wait(for: "the timer") { fired }
        }
    }
}
