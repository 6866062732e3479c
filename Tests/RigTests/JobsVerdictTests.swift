import Core
import Rig
import Testing

/// The judgement of a jobs run: each kind of mistake must be noticed, and what is right must pass.
@Suite("What a jobs run notices") struct JobsVerdictTests {
    private static let field = JobField(jobs: 1)
    /// A thread, and its board.
    private static let thread = field.addresses.firstIndex { $0.kind == "thread" } ?? 0
    private static let board = field.boards[thread]
    private static let ms: UInt64 = 1_000_000

    private func verdict(
        asked: [UInt64], builds: [Build], page: UInt64? = nil, boardPage: UInt64? = nil,
        kills: [(pid: Int32, at: UInt64)] = [], hubKills: [UInt64] = [],
        end: (at: UInt64, outcome: JobEnding.Outcome)? = nil
    ) -> JobsVerdict {
        var pages: [Int: UInt64] = [:]
        pages[Self.thread] = page
        pages[Self.board] = boardPage
        return JobsVerdict(
            field: Self.field,
            taken: asked.map { JobAsker.Taken(address: Self.thread, sentAt: $0 * Self.ms, end: end) },
            builds: builds, pages: pages, workerKills: kills, hubKills: hubKills.map { $0 * Self.ms })
    }

    private func build(
        _ token: UInt64, from: UInt64, to: UInt64?, _ outcome: Build.Outcome = .done, board: Bool = false,
        pid: Int32 = 1
    ) -> Build {
        Build(
            address: Self.field.addresses[board ? Self.board : Self.thread], token: token, attempt: 1, pid: pid,
            startedAt: from * Self.ms, end: to.map { ($0 * Self.ms, outcome) })
    }

    @Test("Nothing is wrong when the last build began after the last request, the key's own or its board's")
    func good() {
        for board in [false, true] {
            let builds = [build(1, from: 10, to: 20), build(2, from: 40, to: 50, board: board)]
            let verdict = verdict(
                asked: [5, 30], builds: builds, page: board ? 1 : 2, boardPage: board ? 2 : nil,
                end: (at: 60 * Self.ms, outcome: .done))
            #expect(verdict.builtBeforeLastRequest.count == 0 && verdict.lost.count == 0)
            #expect(verdict.twoAtOnce.count == 0 && verdict.endsToldWrongly.count == 0)
            #expect(verdict.waits == [5, 10] && verdict.comparedCount == 1)
        }
    }

    @Test("A request after the last build is lost, and the kept page is too old")
    func lost() {
        let verdict = verdict(asked: [5, 30], builds: [build(1, from: 10, to: 20)], page: 1)
        #expect(verdict.lost.count == 1 && verdict.builtBeforeLastRequest.count == 1)
    }

    @Test("A build that ended well but whose page the hub does not have was for nothing; one that failed too")
    func notKept() {
        let builds = [build(1, from: 10, to: 20), build(2, from: 40, to: 50)]
        #expect(verdict(asked: [30], builds: builds, page: 1).builtBeforeLastRequest.count == 1)
        #expect(verdict(asked: [30], builds: builds).builtBeforeLastRequest.count == 1)
        let failed = [build(1, from: 10, to: 20), build(2, from: 40, to: 50, .failed)]
        #expect(verdict(asked: [30], builds: failed, page: 1).lost.count == 1)
    }

    @Test("Two builds of a key at once are noticed; a board's beside a thread's are not two of one key")
    func twoAtOnce() {
        #expect(
            verdict(asked: [], builds: [build(1, from: 10, to: 30), build(2, from: 20, to: 40)]).twoAtOnce.count == 1)
        #expect(
            verdict(asked: [], builds: [build(1, from: 10, to: 30), build(2, from: 20, to: 40, board: true)])
                .twoAtOnce.count == 0)
        // A short one within a long one, and a third while the long one goes on.
        let builds = [build(1, from: 10, to: 90), build(2, from: 20, to: 30), build(3, from: 40, to: 50)]
        #expect(verdict(asked: [], builds: builds).twoAtOnce.count == 2)
    }

    @Test("A build ends with its killed worker, and at its limit at the latest")
    func cutOff() {
        let killed = [build(1, from: 10, to: nil, pid: 7), build(2, from: 900, to: 910)]
        #expect(verdict(asked: [], builds: killed).twoAtOnce.count == 1)
        let verdict = verdict(asked: [], builds: killed, kills: [(pid: 7, at: 800 * Self.ms)])
        #expect(verdict.twoAtOnce.count == 0 && verdict.cutOff == 1)
        let late = [build(1, from: 0, to: 3_300, .late), build(2, from: 3_100, to: 3_200)]
        #expect(self.verdict(asked: [], builds: late).twoAtOnce.count == 0)
    }

    @Test("A late answer counts as late unless a hub was killed meanwhile")
    func late() {
        let builds = [build(1, from: 0, to: 3_300, .late)]
        #expect(verdict(asked: [], builds: builds).lateBuilds.map(\.token) == [1])
        #expect(verdict(asked: [], builds: builds, hubKills: [3_400]).lateBuilds.count == 1)
        #expect(verdict(asked: [], builds: builds, hubKills: [1_000]).lateBuilds.isEmpty)
    }

    @Test("An end that is told before the build has ended, or of a build before the request, or as dead, is wrong")
    func ends() {
        let builds = [build(1, from: 10, to: 20)]
        func wrong(_ asked: UInt64, _ at: UInt64, _ outcome: JobEnding.Outcome = .done) -> Int {
            verdict(asked: [asked], builds: builds, end: (at: at * Self.ms, outcome: outcome)).endsToldWrongly.count
        }
        #expect(wrong(5, 25) == 0)
        #expect(wrong(5, 15) == 1)
        #expect(wrong(12, 25) == 1)
        #expect(wrong(5, 25, .dropped) == 1)
    }

    @Test("What workers wrote is read back, whatever order it came in; half a line is none")
    func log() {
        let text = """
            S 12 7 2000 1 thread /b/0/t/1
            S 11 7 1000 2 board /b/0
            E 11 7 1500 done
            E 12 7 2500 late
            S 13 8 3000 1 page /b/0/p/1
            S 14 8 40
            """
        let builds = BuildLog.builds(text)
        #expect(builds.map(\.token) == [11, 12, 13])
        #expect(builds.map(\.end?.outcome) == [.done, .late, nil])
        #expect(builds[0].address == JobAddress("board", "/b/0") && builds[0].attempt == 2)
    }

    @Test("Percentiles are of the sorted waits")
    func percentiles() {
        let waits = (1...200).map(Double.init)
        #expect(JobsVerdict.percentile(0.5, of: waits) == 100 && JobsVerdict.percentile(0.99, of: waits) == 198)
        #expect(JobsVerdict.percentile(0.5, of: []) == 0)
    }
}
