import State

/// The front processes whose trunks are open, in the order in which they came. One list for all channels of a back.
final class FrontRoster {
    private(set) var fronts: [(trunk: TrunkID, name: String)] = []

    func opened(_ trunk: TrunkID, _ name: String) { fronts.append((trunk, name)) }
    func closed(_ trunk: TrunkID) { fronts.removeAll { $0.trunk == trunk } }
}
