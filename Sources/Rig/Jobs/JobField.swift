import Core

/// What the jobs run asks for: a kind of each deadline class, all within boards, and the keys of some boards.
package struct JobField: Sendable {
    /// As `hub run --jobs` takes them.
    package static let declarations = [
        "board=/b/{board} front limit:3s", "page=/b/{board}/p/{page} page within:board limit:3s",
        "thread=/b/{board}/t/{thread} thread within:board limit:3s",
        "preview=/b/{board}/v/{thread} preview within:board limit:3s",
        "catalog=/b/{board}/catalog catalog within:board limit:3s",
    ]
    static let kinds = declarations.map { String($0.prefix { $0 != "=" }) }
    /// How long one build may take, as declared.
    package static let limitNanoseconds: UInt64 = 3_000_000_000

    /// All that may be asked for. The place of an address in it is its number.
    package let addresses: [JobAddress]
    /// The number of the board that each address is part of; its own, if it is a board.
    package let boards: [Int]
    private let perBoard: Int
    private let boardCount: Int

    /// Keys that are asked for all the time, so that most requests come during a build of theirs.
    let hot: [Int]
    private static let hotLimit = 4
    private static let pageCount = 20
    private static let threadCount = 60

    /// - Parameter count: how many jobs there will be; there is a board for every 600.
    package init(jobs count: Int) {
        boardCount = max(2, count / 600)
        perBoard = 2 + Self.pageCount + 2 * Self.threadCount
        var (addresses, boards): ([JobAddress], [Int]) = ([], [])
        for number in 0..<boardCount {
            let board = "/b/\(number)"
            let first = addresses.count
            addresses.append(JobAddress("board", board))
            addresses.append(JobAddress("catalog", board + "/catalog"))
            for page in 0..<Self.pageCount { addresses.append(JobAddress("page", "\(board)/p/\(page)")) }
            for thread in 0..<Self.threadCount {
                addresses.append(JobAddress("thread", "\(board)/t/\(thread)"))
                addresses.append(JobAddress("preview", "\(board)/v/\(thread)"))
            }
            boards += Array(repeating: first, count: addresses.count - first)
        }
        (self.addresses, self.boards) = (addresses, boards)
        hot = addresses.indices.filter { Self.isHot(addresses[$0].key) }.prefix(Self.hotLimit).map(\.self)
    }

    /// Builds of such keys take long.
    static func isHot(_ key: String) -> Bool { key.hasSuffix("/t/0") }

    /// What somebody asks for next: a board now and then, some keys all the time, the rest unevenly.
    package func pick(_ dice: inout Dice) -> Int {
        let first = Int(dice.next() % UInt64(boardCount)) * perBoard
        switch dice.next() % 100 {
        case 0: return first
        case 1...4: return first + 1
        case 5...19: return hot[Int(dice.next() % UInt64(hot.count))]
        default:
            let rest = UInt64(perBoard - 2)
            let choices = [dice.next() % rest, dice.next() % rest, dice.next() % rest]
            return first + 2 + Int(choices.min() ?? 0)
        }
    }
}
