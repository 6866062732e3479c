import Rig
import State
import Testing

/// The checks see what they are there for: each of these must be noticed.
@Suite struct RigCheckTests {
    private func account(_ serials: [UInt64]) -> Account {
        var account = Account()
        for serial in serials { account.take(RigInput(serial: serial)) }
        return account
    }

    @Test(
        "An account tells inputs that came twice from those that are missing",
        arguments: [
            ([1, 2, 3], 3, 0, 0), ([1, 2, 2, 3], 3, 1, 0), ([1, 2, 4], 3, 0, 1), ([1, 2, 5, 3, 6], 4, 1, 2),
            ([7, 8], 2, 0, 0), ([1, 1, 1], 1, 2, 0),
        ] as [([UInt64], Int64, Int32, Int64)])
    func account(_ serials: [UInt64], applied: Int64, twice: Int32, missing: Int64) {
        let account = account(serials)
        #expect(account.applied == applied && account.twice == twice && account.missing == missing, "\(account)")
        #expect(account.highest == serials.max().map(Int64.init) && account.first == Int64(serials[0]))
    }

    @Test("Every 97th input is one that is refused, and an account counts it apart")
    func refused() {
        let account = account(Array(1...200))
        #expect(account.applied == 198 && account.refused == 2 && account.missing == 0)
    }

    @Test("An input's number survives its bytes, and too few bytes are none")
    func input() {
        for serial in [0, 1, 255, 1 << 40, UInt64.max] {
            #expect(RigInput(RigInput(serial: serial).bytes(padding: 5))?.serial == serial)
        }
        #expect(RigInput([UInt8](repeating: 1, count: 7)) == nil)
    }

    @Test("A digest is another one when any field or the session is")
    func digest() {
        let ann = SessionNumber(rawValue: 1)
        var digests: Set<UInt64> = [Account().digest(ann), Account().digest(SessionNumber(rawValue: 2))]
        for change in 0..<6 {
            var account = Account()
            switch change {
            case 0: account.first = 1
            case 1: account.highest = 1
            case 2: account.applied = 1
            case 3: account.refused = 1
            case 4: account.twice = 1
            default: account.missing = 1
            }
            digests.insert(account.digest(ann))
        }
        #expect(digests.count == 8)
    }

    @Test("Hexadecimal digits are bytes and back") func hex() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.bytes(Hex.text(bytes)) == bytes)
        #expect(Hex.bytes("0") == nil && Hex.bytes("0g") == nil)
    }
}
