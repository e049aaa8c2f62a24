import Testing

@testable import Runner

@Suite("The code of a machine that somebody can adopt")
struct PairingCodeTests {
    @Test("six letters and digits in two groups, none of which looks like another one")
    func form() throws {
        let codes = (0..<500).map { _ in PairingCode() }
        #expect(Set(codes).count > 495)
        for code in codes {
            #expect(
                code.text.wholeMatch(
                    of: /[2-9BCDFGHJKMNPQRSTVWXYZ]{3}-[2-9BCDFGHJKMNPQRSTVWXYZ]{3}/) != nil, "\(code.text)")
            #expect("\(code)" == "a code" && !String(reflecting: code).contains(code.text))
        }
    }

    @Test("people write it as they like")
    func entered() {
        let code = PairingCode(entered: "k7m-2qx")
        #expect(code?.text == "K7M-2QX")
        for text in ["K7M-2QX", "K7M2QX", "k7M2-qx", "-k7m2qx-"] {
            #expect(PairingCode(entered: text) == code)
        }
        for text in ["", "K7M-2Q", "K7M-2QXX", "K7M-2Q1", "K7M-2QO", "K7M 2QX", "K7M-2Qä"] {
            #expect(PairingCode(entered: text) == nil, "\(text)")
        }
    }
}
