import Loop
import Testing

@Suite("Log lines") struct LogTests {
    @Test(
        "A line is one line, and a value that would blur its fields is quoted",
        arguments: [
            ("plain", "info hub said value=plain"), ("two words", #"info hub said value="two words""#),
            ("", #"info hub said value="""#), ("a=b", #"info hub said value="a=b""#),
            ("a\"b\\", #"info hub said value="a\"b\\""#), ("x\ny\t\u{1b}", #"info hub said value="x\ny\t\x1b""#),
            ("ünï", "info hub said value=ünï"),
        ])
    func lines(value: String, line: String) {
        #expect(Log("hub").line(.info, "said", ["value": value]) == line)
    }

    @Test("Levels are read as they are written")
    func levels() {
        #expect(Log.Level.allCases.map { Log.Level($0.description) } == Log.Level.allCases)
        #expect(Log.Level("loud") == nil)
        #expect(Log.Level.debug < .error)
    }
}
