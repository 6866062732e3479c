extension FrontCore {
    /// Some of the clients, for the operator.
    package func clients(limit: Int) -> [ProcessReport.Client] {
        var list: [ProcessReport.Client] = []
        for slot in 0..<connections.slotCount where list.count < limit {
            guard let connection = connections.value(inSlot: slot), let stay = connection.stay else { continue }
            list.append(
                ProcessReport.Client(
                    session: stay.session.description, peer: connection.peer, channels: stay.reads.map(\.channel)))
        }
        return list
    }
}

extension FrontCore {
    /// How many clients go on with others, cohort by cohort, the smallest first.
    package var cohortSizes: [Int] { cohorts.values.joined().map(\.members.count).filter { $0 > 0 }.sorted() }
}
