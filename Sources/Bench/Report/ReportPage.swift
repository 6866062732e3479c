/// A result as one HTML page: what was run and where, its plots, its table. It needs nothing but itself.
package struct ReportPage {
    package var title: String
    /// The command line that makes it again.
    package var command: String
    /// What it was measured on.
    package var machine: String
    package var table: String
    package var plots: [Plot]

    package init(title: String, command: String, machine: String, table: String, plots: [Plot]) {
        self.title = title
        self.command = command
        self.machine = machine
        self.table = table
        self.plots = plots
    }

    package var html: String {
        let escaped = PlotDrawing.escaped
        let figures = plots.map { "<figure>\n\(PlotDrawing($0).svg)</figure>\n" }.joined()
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(title))</title>
            <style>
            :root { color-scheme: light; }
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: #1b1b1b; }
            .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem; }
            figure { margin: 0; max-width: 48rem; border: 1px solid #d5d5d5; border-radius: 6px; padding: .5rem; }
            svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: #333; }
            svg .title { font-size: 14px; font-weight: 600; }
            svg .grid { stroke: #e6e6e6; }
            svg .axis { stroke: #555; }
            pre { overflow-x: auto; background: #f6f6f6; padding: 1rem; border-radius: 6px; }
            </style>
            </head>
            <body>
            <h1>\(escaped(title))</h1>
            <p><code>\(escaped(command))</code><br>\(escaped(machine))</p>
            <div class="plots">
            \(figures)</div>
            <pre>\(escaped(table))</pre>
            </body>
            </html>

            """
    }
}
