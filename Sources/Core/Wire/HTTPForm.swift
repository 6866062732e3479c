/// The fields of a form as browsers send them: `application/x-www-form-urlencoded`, names and values in order.
package struct HTTPForm: Sendable, Equatable {
    package let fields: [HTTPTarget.Pair]

    /// Fields that one form may have; beyond them 400.
    package static let fieldLimit = 1000
    package static let type = "application/x-www-form-urlencoded"

    /// Reads a body. Throws if a percent sign is not followed by two hex digits, if a name or value is not UTF-8, or if there are
    /// too many fields.
    package init(_ body: [UInt8]) throws(HTTPError) {
        let count = body.reduce(1) { $0 + ($1 == UInt8(ascii: "&") ? 1 : 0) }
        guard count <= Self.fieldLimit else { throw .malformed("a form with more than 1000 fields") }
        do {
            fields = try body.withUnsafeBytes { bytes in try HTTPTarget.pairs(bytes[...]) }
        } catch let error as HTTPError {
            throw error
        } catch {
            throw .malformed("a form that cannot be read")
        }
    }

    /// Whether a `Content-Type` names such a form, whatever its parameters.
    package static func isForm(_ contentType: String?) -> Bool {
        guard let first = contentType?.split(separator: ";", omittingEmptySubsequences: false).first else {
            return false
        }
        return HTTPText.equalIgnoringCase(HTTPText.trimmed(first), type)
    }

    /// The first value of this name.
    package func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
