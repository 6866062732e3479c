import Core
import Glibc
import Hub
import Loop
import Testing

@Suite("The hub's folders") struct FolderTests {
    @Test("The key is made once, for us alone, and a key that others may read is refused")
    func key() throws {
        let folder = try TemporaryFolder()
        let state = try StateFolder(folder.path + "/state")
        let key = try state.clusterKey()
        #expect(try state.clusterKey() == key)
        var facts = stat()
        #expect(stat(state.keyPath, &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
        chmod(state.keyPath, 0o644)
        #expect(throws: FileError.self) { try state.clusterKey() }
    }

    @Test("A second hub on the same state folder is refused, and let in when the first is gone")
    func lock() throws {
        let folder = try TemporaryFolder()
        do {
            let first = try StateFolder(folder.path)
            let error = #expect(throws: FileError.self) { _ = try StateFolder(folder.path) }
            #expect(error?.description.contains("another hub (process \(getpid()))") == true)
            withExtendedLifetime(first) {}
        }
        _ = try StateFolder(folder.path)
    }

    @Test("Each reign has a higher term, and a damaged ledger stops the hub instead of repeating epochs")
    func ledger() throws {
        let folder = try TemporaryFolder()
        let state = try StateFolder(folder.path)
        #expect(try state.beginReign().term == 1)
        try state.record(EpochLedger(term: 1, counter: 5))
        #expect(try state.beginReign() == EpochLedger(term: 2))
        try Files.replace(folder.path + "/epochs.json", with: Array("{\"term\":".utf8), isSynced: false)
        #expect(throws: FileError.self) { try state.beginReign() }
    }

    @Test("The process table answers the living alone, by pid and start")
    func table() throws {
        let folder = try TemporaryFolder()
        let runtime = try RuntimeFolder(folder.path, stateFolder: "x")
        let start = ProcessFacts.startTime(of: getpid())
        #expect(start != 0)
        func record(_ name: String, _ pid: Int32, _ start: UInt64) -> ProcessRecord {
            ProcessRecord(role: .front, name: name, pid: pid, startTime: start, epoch: nil, families: [])
        }
        try runtime.save([record("me", getpid(), start), record("other", getpid(), start + 1), record("gone", 0, 0)])
        #expect(try runtime.livingProcesses().map(\.name) == ["me"])
    }

    @Test("A lock is held by what inherited it, and its holder is found without anybody's word")
    func processLock() throws {
        let folder = try TemporaryFolder()
        let runtime = try RuntimeFolder(folder.path, stateFolder: "x")
        let path = runtime.lockPath(of: "back-1")
        let loop = try EventLoop()
        let child: ChildProcess
        do {
            guard let lock = try ProcessLock(path) else {
                Issue.record("a lock that nobody holds is not free")
                return
            }
            try lock.note(
                ProcessRecord(
                    role: .back, name: "back-1", pid: 0, startTime: 0, epoch: Epoch(rawValue: 5), families: []))
            child = try ChildProcess.spawn(
                executable: "/bin/sleep", arguments: ["60"], environment: [:],
                inheriting: [(child: 4, ours: lock.descriptor)], detached: true, on: loop
            ) { _, _ in }
        }
        #expect(try !isFree(path))
        #expect(LockHolders.of([path]) == [path: [child.pid]])
        let found = try runtime.livingProcesses()
        #expect(found.map(\.name) == ["back-1"])
        #expect(found.map(\.pid) == [child.pid])
        #expect(found.map(\.epoch) == ["5"])
        child.signal(SIGKILL)
        #expect(try loop.runTurns(until: { !child.isRunning }, withinMilliseconds: 10_000))
        #expect(try isFree(path))
        #expect(try runtime.livingProcesses().isEmpty)
    }

    private func isFree(_ path: String) throws -> Bool {
        switch try ProcessLock(path) {
        case .some: true
        case nil: false
        }
    }

    @Test("A folder that others may write into, or a path too long for a socket, is refused")
    func refused() throws {
        let folder = try TemporaryFolder()
        let long = folder.path + "/" + String(repeating: "x", count: 120)
        #expect(throws: FileError.self) { try RuntimeFolder(long, stateFolder: "x") }
        chmod(folder.path, 0o777)
        #expect(throws: FileError.self) { try RuntimeFolder(folder.path, stateFolder: "x") }
    }
}
