import Core
import Testing

@Suite("Crypto and base64")
struct CryptoTests {
    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test("Hashes give the published values")
    func hashes() {
        #expect(Self.hex(Crypto.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Self.hex(Crypto.sha1([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Self.hex(Crypto.sha256(Array("abc".utf8))) == abc)
    }

    @Test("HMAC gives RFC 4231's values, however the message is cut into parts")
    func hmac() {
        let first = Crypto.hmacSHA256(key: Array(repeating: 0x0B, count: 20), parts: Array("Hi There".utf8))
        #expect(Self.hex(first) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let message = Array("what do ya want for nothing?".utf8)
        for cut in 0...message.count {
            let value = Crypto.hmacSHA256(
                key: Array("Jefe".utf8), parts: [Array(message[..<cut]), Array(message[cut...])])
            #expect(Self.hex(value) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        }
        #expect(Crypto.hmacSHA256(key: [], parts: []).count == 32)
    }

    @Test("Comparison is by value")
    func comparison() {
        #expect(Crypto.equalInConstantTime([1, 2], [1, 2]))
        #expect(Crypto.equalInConstantTime([], []))
        #expect(!Crypto.equalInConstantTime([1, 2], [1, 3]))
        #expect(!Crypto.equalInConstantTime([1, 2], [1, 2, 3]))
    }

    @Test(
        "Base64 gives RFC 4648's values both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(
        "Base64 that encoding never gives is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zg=\n", " Zg==", "Zh==", "Zm9=", "====", "Zg==Zg==", "Z*==", "Zm9v\n", "Zm9é", "-_-_",
        ])
    func strictBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("The URL alphabet goes both ways for every length")
    func urlAlphabet() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0 * 5) }
            let text = Base64.encodeURL(bytes)
            #expect(Base64.decodeURL(text) == bytes)
            #expect(!text.contains { "+/=".contains($0) })
        }
        for text in ["A", "AB", "a+bc", "a/bc", "QQ==", "QQ="] { #expect(Base64.decodeURL(text) == nil) }
    }
}
