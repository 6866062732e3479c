/// A piece of a page. Whatever is put into it by interpolation is escaped, unless it is such a piece itself: what users write
/// cannot become markup by being forgotten.
struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The markup.
    private(set) var text: String

    var description: String { text }

    init(stringLiteral literal: String) { text = literal }
    init(stringInterpolation pieces: StringInterpolation) { text = pieces.text }

    /// A text as markup that shows it, fit for element content and quoted attributes.
    init(escaping plain: some StringProtocol) {
        text = ""
        text.reserveCapacity(plain.utf8.count)
        for character in plain.unicodeScalars {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(character)
            }
        }
    }

    static func + (left: HTML, right: HTML) -> HTML { "\(left)\(right)" }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ plain: some StringProtocol) { text += HTML(escaping: plain).text }
        mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ piece: HTML?) { text += piece?.text ?? "" }
        mutating func appendInterpolation(_ pieces: some Sequence<HTML>) {
            for piece in pieces { text += piece.text }
        }
    }
}
