/// The headers of one message in the order they came. Names compare without regard to ASCII case.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field($0.0, $0.1) }
    }

    package mutating func append(_ field: Field) { fields.append(field) }

    package mutating func append(_ name: String, _ value: String) { append(Field(name, value)) }

    /// Puts `value` in place of all there is under `name`.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        append(name, value)
    }

    package mutating func remove(_ name: String) { fields.removeAll { HTTPText.equalIgnoringCase($0.name, name) } }

    /// The first value under `name`.
    package func first(_ name: String) -> String? {
        fields.first { HTTPText.equalIgnoringCase($0.name, name) }?.value
    }

    /// All values under `name`, in order.
    package func all(_ name: String) -> [String] {
        fields.filter { HTTPText.equalIgnoringCase($0.name, name) }.map(\.value)
    }

    /// The elements of the comma-separated lists under `name`, trimmed, empty ones left out.
    package func tokens(_ name: String) -> [Substring] {
        all(name).flatMap { $0.split(separator: ",").map(HTTPText.trimmed).filter { !$0.isEmpty } }
    }

    /// Whether the list under `name` has this element, in any case: `hasToken("connection", "upgrade")`.
    package func hasToken(_ name: String, _ token: String) -> Bool {
        tokens(name).contains { HTTPText.equalIgnoringCase($0, token) }
    }
}
