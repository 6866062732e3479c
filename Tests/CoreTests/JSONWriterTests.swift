import Core
import State
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    private static func written(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        body(&json)
        return String(decoding: json.out.bytes, as: UTF8.self)
    }

    @Test("Commas stand where they belong")
    func commas() {
        let text = Self.written { json in
            json.object { json in
                json.member("acked") {
                    $0.object { json in
                        json.member("grant", "7")
                        json.member("seq", 1)
                        json.member("tick", 2.5)
                        json.member("last", true)
                    }
                }
                json.member("list") {
                    $0.array { json in
                        json.null()
                        json.array { _ in }
                        json.object { _ in }
                        json.string("")
                        json.decimal(UInt64.max)
                        json.integer(Int64.min)
                        [1, 2, 3].withUnsafeBytes { json.base64(UnsafeRawBufferPointer(rebasing: $0[..<1])) }
                    }
                }
                json.member("raw") { json in Array(" {} ".utf8).withUnsafeBytes { json.text($0) } }
            }
        }
        let expected =
            #"{"acked":{"grant":"7","seq":1,"tick":2.5,"last":true},"#
            + #""list":[null,[],{},"","18446744073709551615",-9223372036854775808,"AQ=="],"raw": {} }"#
        #expect(text == expected)
    }

    @Test("It goes on behind bytes that are not its own")
    func appends() {
        var out = ByteWriter()
        out.u8(0x31)
        var json = JSONWriter(out)
        json.bool(false)
        #expect(json.out.bytes == Array("1false".utf8))
    }

    @Test(
        "A string is escaped where JSON wants it and read back the same",
        arguments: [
            "", "plain", "\"quoted\\\"", "a\u{0}b\u{1F}\u{7F}", "\n\r\t\u{8}\u{C}", "é€😀\u{2028}", "ends with \"",
        ])
    func strings(text: String) throws {
        let bytes = Array(Self.written { $0.string(text) }.utf8)
        #expect(bytes.allSatisfy { $0 >= 0x20 })
        #expect(try bytes.withUnsafeBytes { try JSONText($0).root.string } == text)
    }

    @Test(
        "A Double is the shortest text that reads back the same",
        arguments: [
            (0, "0"), (-0.0, "-0"), (2, "2"), (1.5, "1.5"), (0.1, "0.1"), (1e20, "1e+20"), (123_456_789, "123456789"),
            (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (.nan, "\"nan\""),
            (.infinity, "\"inf\""), (-.infinity, "\"-inf\""),
        ] as [(Double, String)])
    func doubles(value: Double, text: String) throws {
        #expect(Self.written { $0.number(value) } == text)
        guard value.isFinite else { return }
        let back = try Array(text.utf8).withUnsafeBytes { try JSONText($0).root.double }
        #expect(back?.bitPattern == value.bitPattern)
    }

    @Test(
        "A Float is as short as a Float may be",
        arguments: [(0.1, "0.1"), (1.5, "1.5"), (16_777_216, "16777216"), (3, "3")] as [(Float, String)])
    func floats(value: Float, text: String) {
        #expect(Self.written { $0.number(value) } == text)
    }
}
