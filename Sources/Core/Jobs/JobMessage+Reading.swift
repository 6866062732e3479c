import State

extension JobMessage {
    package init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.u8() {
        case 1: self = try Self.submission(&reader)
        case 2: self = .answer(number: try reader.num(), try Self.answer(&reader))
        case 3: self = .ended(number: try reader.num(), try Self.outcome(&reader))
        case 4:
            let count = try reader.count(limit: JobCatalogue.kindLimit, of: "a worker's kinds")
            var kinds: [String] = []
            for _ in 0..<count { kinds.append(try reader.text()) }
            self = .worker(
                kinds: kinds, slotCount: try reader.count(limit: JobLimits.slotLimit, of: "a worker's slots"),
                holding: try reader.holding())
        case 5: self = .lease(try Self.lease(&reader))
        case 6: self = .revoke(try reader.num())
        case 7: self = .beat(try reader.holding())
        case 8:
            let held = try reader.held()
            let count = try reader.count(limit: reader.remaining, of: "a result's pages")
            var pages: [JobPage] = []
            for _ in 0..<count { pages.append(try reader.page()) }
            self = .done(held, pages: pages)
        case 9: self = .failed(try reader.held(), reason: try reader.text())
        case 10:
            let number: UInt64 = try reader.num()
            guard let verb = JobVerb(rawValue: UInt8(truncatingIfNeeded: try reader.num())) else {
                throw .invalid("a command of jobs")
            }
            self = .command(
                number: number, verb, try reader.address(), limit: try reader.count(limit: 1 << 20, of: "a list"))
        case 11: self = .report(number: try reader.num(), text: try reader.text())
        case 12: self = .fetch(number: try reader.num(), path: try reader.text())
        case 13:
            let number: UInt64 = try reader.num()
            self = .page(number: number, try reader.count(limit: 1, of: "a page") == 1 ? try reader.page() : nil)
        case 14: self = try Self.wish(&reader)
        default: throw .invalid("a message of jobs")
        }
    }

    private static func submission(_ reader: inout ByteReader) throws(WireError) -> JobMessage {
        let number: UInt64 = try reader.num()
        let address = try reader.address()
        let chosen = try reader.count(limit: DeadlineClass.allCases.count, of: "a class of jobs")
        let awaitsEnd = try reader.count(limit: 1, of: "whether the end is awaited") == 1
        let minimums = try reader.minimums()
        let request = JobRequest(
            address, payload: Array(try reader.blob()), deadlineClass: DeadlineClass(rawValue: chosen - 1),
            minimums: minimums)
        return .submit(number: number, request, awaitsEnd: awaitsEnd)
    }

    private static func wish(_ reader: inout ByteReader) throws(WireError) -> JobMessage {
        let number: UInt64 = try reader.num()
        let address = try reader.address()
        let chosen = try reader.count(limit: DeadlineClass.allCases.count, of: "a class of jobs")
        let minimums = try reader.minimums()
        var floor: PageVersion?
        if try reader.count(limit: 1, of: "a floor") == 1 {
            let epoch: Epoch = try reader.num()
            floor = PageVersion(epoch: epoch, version: try reader.num())
        }
        return .want(
            number: number,
            JobRequest(address, deadlineClass: DeadlineClass(rawValue: chosen - 1), minimums: minimums), floor: floor)
    }

    private static func answer(_ reader: inout ByteReader) throws(WireError) -> JobAnswer {
        switch try reader.num() as UInt64 {
        case 1: return .queued(try reader.num())
        case 2: return .merged(into: try reader.num())
        case 3:
            guard let reason = JobRejection(rawValue: UInt8(truncatingIfNeeded: try reader.num())) else {
                throw .invalid("why a job was rejected")
            }
            return .rejected(reason)
        default: throw .invalid("an answer of jobs")
        }
    }

    private static func outcome(_ reader: inout ByteReader) throws(WireError) -> JobEnding.Outcome {
        switch try reader.num() as UInt64 {
        case 1: return .done
        case 2: return .dead(error: try reader.text())
        case 3: return .dropped
        default: throw .invalid("an end of a job")
        }
    }

    private static func lease(_ reader: inout ByteReader) throws(WireError) -> JobLease {
        let held = try reader.held()
        let address = try reader.address()
        let minimums = try reader.minimums()
        let attempt = try reader.count(limit: 1 << 20, of: "an attempt")
        let limit = try reader.count(limit: 86_400_000, of: "a time limit")
        return JobLease(
            id: held.id, token: held.token, address: address, payload: Array(try reader.blob()), minimums: minimums,
            attempt: attempt, timeLimit: .milliseconds(limit), change: 0)
    }
}

extension ByteReader {
    fileprivate mutating func address() throws(WireError) -> JobAddress {
        let kind = try text()
        return JobAddress(kind, try text())
    }

    fileprivate mutating func held() throws(WireError) -> JobHolding {
        let id: JobID = try num()
        return JobHolding(id: id, token: try num())
    }

    fileprivate mutating func holding() throws(WireError) -> [JobHolding] {
        let count = try count(limit: JobLimits.slotLimit, of: "a worker's runs")
        var list: [JobHolding] = []
        for _ in 0..<count { list.append(try held()) }
        return list
    }

    fileprivate mutating func page() throws(WireError) -> JobPage {
        let path = try text()
        let type = try text()
        let epoch: Epoch = try num()
        let version: Version = try num()
        return JobPage(
            path: path, contentType: type, epoch: epoch, version: version, content: Array(try blob()))
    }
}
