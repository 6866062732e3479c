import CReferenceState
import State

/// The rows of the benchmarks, in a state and in the reference's.
struct BenchRows {
    struct Mover: Row {
        var x: Int16 = 0, y: Int16 = 0, name = ""
        static let schema = Schema<Mover>(.field("x", \.x), .field("y", \.y), .field("name", \.name))
    }

    var state = State()
    let reference = ReferenceState(rowCount: StateBenchmark.rowCount)
    private let movers: Table<Int, Mover>
    private var dice = SplitMix(state: 1)

    init() throws {
        movers = state.table("movers")
        for key in 0..<StateBenchmark.rowCount {
            let letters = (0..<6).map { _ in UInt8(97 + dice.below(26)) }
            let mover = Mover(x: number(), y: number(), name: String(decoding: letters, as: UTF8.self))
            put(mover, key)
        }
        guard state.closeAudiences().first?.patch.elementsEqual(reference.close()) == true else {
            throw StateBenchmark.Disagreement(what: "the first patch")
        }
    }

    /// Moves every tenth row, from a start that changes.
    mutating func move(_ count: Int) {
        let step = StateBenchmark.rowCount / count
        for key in stride(from: dice.below(step), to: StateBenchmark.rowCount, by: step) {
            guard var mover = movers[key] else { continue }
            (mover.x, mover.y) = (number(), number())
            put(mover, key)
        }
    }

    /// Ends the tick; its section goes on from `version`.
    mutating func section(after version: UInt64) -> StateSection {
        let change = state.closeAudiences()[0]
        return StateSection(base: version, version: version + 1, hash: change.hash.rawValue, patch: change.patch)
    }

    /// A mirror of what there is.
    mutating func mirror() throws -> ChannelMirror {
        try ChannelMirror(schema: state.schemaBytes, version: 1, state: state.snapshot())
    }

    private mutating func number() -> Int16 { Int16(dice.below(1_000)) }

    private func put(_ mover: Mover, _ key: Int) {
        movers[key] = mover
        reference.put(mover, key)
    }
}

/// The reference's state.
final class ReferenceState {
    private let state: OpaquePointer

    init(rowCount: Int) { state = ref_state_new(rowCount) }
    deinit { ref_state_free(state) }

    func put(_ mover: BenchRows.Mover, _ key: Int) {
        var row = ref_row()
        (row.x, row.y, row.name_length) = (mover.x, mover.y, UInt8(mover.name.utf8.count))
        withUnsafeMutableBytes(of: &row.name) { $0.copyBytes(from: mover.name.utf8) }
        ref_state_put(state, key, row)
    }

    /// Good until the next close.
    func close() -> UnsafeBufferPointer<UInt8> {
        var patch: UnsafePointer<UInt8>?
        let byteCount = ref_state_close(state, &patch)
        return UnsafeBufferPointer(start: patch, count: byteCount)
    }

    var hash: UInt64 { ref_state_hash(state) }
}

/// The reference's mirror.
final class ReferenceMirror {
    private let mirror: OpaquePointer = ref_mirror_new()

    deinit { ref_mirror_free(mirror) }

    /// How many rows changed; −1 for bytes that are no patch.
    func apply(_ patch: [UInt8]) -> Int { ref_mirror_apply(mirror, patch, patch.count) }

    var hash: UInt64 { ref_mirror_hash(mirror) }
}

/// Numbers from a seed (SplitMix64).
struct SplitMix {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
    }
}
