import Core
import Glibc
import Hub
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

    @Test("A folder that others may write into, or a path too long for a socket, is refused")
    func refused() throws {
        let folder = try TemporaryFolder()
        let long = folder.path + "/" + String(repeating: "x", count: 120)
        #expect(throws: FileError.self) { try RuntimeFolder(long, stateFolder: "x") }
        chmod(folder.path, 0o777)
        #expect(throws: FileError.self) { try RuntimeFolder(folder.path, stateFolder: "x") }
    }
}
