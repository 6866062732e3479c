/// A plot as an inline SVG: nothing in it is fetched from anywhere.
package struct PlotDrawing {
    private static let width = 620.0, height = 350.0
    private static let left = 76.0, right = 30.0, top = 54.0, bottom = 50.0
    /// About that of a name's letters.
    private static let letterWidth = 6.5
    /// Told apart by people who see colours differently, too: each line has a mark of its own shape.
    private static let colours = ["#1f6fb4", "#d1600a", "#2b8a3e", "#a0357d", "#6b5b00", "#555555"]

    private let plot: Plot
    private let x: PlotAxis
    private let y: PlotAxis

    package init(_ plot: Plot) {
        self.plot = plot
        let points = plot.lines.flatMap(\.points)
        x = PlotAxis(points.map(\.x), plot.x.scale)
        y = PlotAxis(points.map(\.y), plot.y.scale)
    }

    package var svg: String {
        let (width, height) = (Self.text(Self.width), Self.text(Self.height))
        return "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(Self.escaped(plot.title))\">\n"
            + label(plot.title, Self.left, 18, "class=\"title\"") + axes
            + plot.lines.enumerated().map { line($1, $0) }.joined() + legend + "</svg>\n"
    }

    private var axes: String {
        let (low, high) = (Self.height - Self.bottom, Self.width - Self.right)
        var svg = ""
        for mark in x.marks {
            let at = across(mark)
            svg += stroke(at, Self.top, at, low, "grid")
            svg += label(Self.short(mark), at, low + 16, "text-anchor=\"middle\"")
        }
        for mark in y.marks {
            let at = up(mark)
            svg += stroke(Self.left, at, high, at, "grid")
            svg += label(Self.short(mark), Self.left - 6, at + 4, "text-anchor=\"end\"")
        }
        svg += stroke(Self.left, low, high, low, "axis") + stroke(Self.left, Self.top, Self.left, low, "axis")
        svg += label(plot.x.label, (Self.left + high) / 2, Self.height - 12, "text-anchor=\"middle\"")
        let middle = (Self.top + low) / 2
        return svg
            + label(
                plot.y.label, 16, middle, "text-anchor=\"middle\" transform=\"rotate(-90 16 \(Self.text(middle)))\"")
    }

    private func line(_ line: Plot.Line, _ number: Int) -> String {
        let colour = Self.colours[number % Self.colours.count]
        let places = line.points.map { (across($0.x), up($0.y)) }
        let corners = places.map { "\(Self.text($0.0)),\(Self.text($0.1))" }.joined(separator: " ")
        let marks = places.count > 40 ? "" : places.map { mark($0.0, $0.1, number) }.joined()
        return "<polyline points=\"\(corners)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n" + marks
    }

    private func mark(_ x: Double, _ y: Double, _ number: Int) -> String {
        let colour = Self.colours[number % Self.colours.count]
        guard number % 2 == 1 else {
            return "<circle cx=\"\(Self.text(x))\" cy=\"\(Self.text(y))\" r=\"3.5\" fill=\"\(colour)\"/>\n"
        }
        return
            "<rect x=\"\(Self.text(x - 3.5))\" y=\"\(Self.text(y - 3.5))\" width=\"7\" height=\"7\" fill=\"\(colour)\"/>\n"
    }

    /// Names of the lines, in a row below the title, where no line comes.
    private var legend: String {
        guard plot.lines.count > 1 else { return "" }
        var (svg, at) = ("", Self.left + 4)
        for (number, line) in plot.lines.enumerated() {
            svg += mark(at, 36, number) + label(line.name, at + 10, 40, "")
            at += 36 + Double(line.name.count) * Self.letterWidth
        }
        return svg
    }

    private func across(_ value: Double) -> Double {
        Self.left + x.place(of: value) * (Self.width - Self.left - Self.right)
    }

    private func up(_ value: Double) -> Double {
        Self.height - Self.bottom - y.place(of: value) * (Self.height - Self.top - Self.bottom)
    }

    private func stroke(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) -> String {
        let (x1, y1, x2, y2) = (Self.text(x1), Self.text(y1), Self.text(x2), Self.text(y2))
        return "<line x1=\"\(x1)\" y1=\"\(y1)\" x2=\"\(x2)\" y2=\"\(y2)\" class=\"\(kind)\"/>\n"
    }

    private func label(_ text: String, _ x: Double, _ y: Double, _ attributes: String) -> String {
        "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" \(attributes)>\(Self.escaped(text))</text>\n"
    }

    /// A place, to a tenth.
    private static func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    /// `20,000` as `20 k`, `0.001` as it is.
    package static func short(_ value: Double) -> String {
        switch abs(value) {
        case 1e9...: return trimmed(value / 1e9) + " G"
        case 1e6...: return trimmed(value / 1e6) + " M"
        case 10_000...: return trimmed(value / 1e3) + " k"
        default: return trimmed(value)
        }
    }

    private static func trimmed(_ value: Double) -> String {
        let digits = FigureText.fixed(
            value, abs(value) >= 100 || value == value.rounded() ? 0 : abs(value) >= 1 ? 2 : 6)
        guard digits.contains(".") else { return digits }
        return String(digits.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }

    package static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }
}
