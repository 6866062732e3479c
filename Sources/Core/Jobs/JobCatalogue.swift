/// All kinds that an application declared, with the order in which they absorb each other. Checked once, at the start.
package struct JobCatalogue: Sendable, Equatable {
    package let kinds: [JobKind]
    private let indices: [String: Int]
    private let parents: [Int?]

    /// Kinds that one hub knows: each has a heap, and a dispatch looks at all of them.
    package static let kindLimit = 64
    /// How deep the order of absorption may go: each submission looks at so many broader keys at most.
    package static let depthLimit = 8

    /// What is wrong with a declaration.
    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case tooMany(Int)
        case name(String)
        case twice(String)
        case unknownParent(String, of: String)
        case circular(String)
        case missingNames(String, of: String)

        package var description: String {
            switch self {
            case .tooMany(let count): "\(count) kinds of jobs; one hub knows at most \(JobCatalogue.kindLimit)"
            case .name(let name): "'\(name)' is no name for a kind: letters, digits, '-' and '_', at most 64"
            case .twice(let name): "the kind '\(name)' is declared twice"
            case .unknownParent(let parent, let kind): "the kind '\(kind)' is within '\(parent)', which is not declared"
            case .circular(let name):
                "the kind '\(name)' is within itself, or more than \(JobCatalogue.depthLimit) deep"
            case .missingNames(let parent, let kind):
                "the kind '\(kind)' is within '\(parent)', whose key has a {name} that its own has not"
            }
        }
    }

    package init(_ kinds: [JobKind]) throws(Invalid) {
        guard kinds.count <= Self.kindLimit else { throw .tooMany(kinds.count) }
        var indices: [String: Int] = [:]
        for (place, kind) in kinds.enumerated() {
            guard Self.isName(kind.name) else { throw .name(kind.name) }
            guard indices.updateValue(place, forKey: kind.name) == nil else { throw .twice(kind.name) }
        }
        var parents: [Int?] = []
        for kind in kinds {
            guard let within = kind.within else {
                parents.append(nil)
                continue
            }
            guard let parent = indices[within] else { throw .unknownParent(within, of: kind.name) }
            guard kinds[parent].shape.names.allSatisfy(kind.shape.names.contains) else {
                throw .missingNames(within, of: kind.name)
            }
            parents.append(parent)
        }
        for place in kinds.indices {
            var (step, depth): (Int?, Int) = (place, 0)
            while let here = step {
                depth += 1
                guard depth <= Self.depthLimit else { throw .circular(kinds[place].name) }
                step = parents[here]
            }
        }
        (self.kinds, self.indices, self.parents) = (kinds, indices, parents)
    }

    /// Where the kind of that name stands in `kinds`.
    package func index(of name: String) -> Int? {
        // A few comparisons of short words are less than a hash of one.
        guard kinds.count <= 8 else { return indices[name] }
        for place in kinds.indices where kinds[place].name == name { return place }
        return nil
    }

    /// The addresses whose job builds what the job at `address` would, nearest first, without itself.
    package func broader(than address: JobAddress) -> [JobAddress] {
        guard let index = indices[address.kind] else { return [] }
        return broader(than: JobPlace(kind: index, key: address.key)).map {
            JobAddress(kinds[$0.kind].name, $0.key)
        }
    }

    func broader(than place: JobPlace) -> [JobPlace] {
        var list: [JobPlace] = []
        var here = place
        while let parent = parents[here.kind] {
            guard let key = kinds[parent].shape.key(from: here.key, of: kinds[here.kind].shape) else { break }
            here = JobPlace(kind: parent, key: key)
            list.append(here)
        }
        return list
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: "_")
            }
    }
}
