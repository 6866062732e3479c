extension FrontCore {
    /// Some of the clients, for the operator.
    package func clients(limit: Int) -> [ProcessReport.Client] {
        var list: [ProcessReport.Client] = []
        for id in connections.keys.sorted() {
            guard list.count < limit else { break }
            guard let connection = connections[id], let stay = connection.stay else { continue }
            list.append(
                ProcessReport.Client(
                    session: stay.session.description, peer: connection.peer, channels: stay.reads.map(\.channel)))
        }
        return list
    }
}
