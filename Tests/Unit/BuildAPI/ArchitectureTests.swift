import Foundation
import Testing

@testable import BuildAPI

@Suite("Processor architectures")
struct ArchitectureTests {
    @Test(
        "each has one name here, whatever people call it",
        arguments: [
            ("x86_64", "x86_64"), ("amd64", "x86_64"), ("x86-64", "x86_64"), ("AMD64", "x86_64"),
            ("arm64", "arm64"), ("aarch64", "arm64"), ("armv7l", "armhf"), ("i686", "i386"),
            ("ppc64le", "ppc64el"), ("riscv64", "riscv64"), ("power9", "power9"),
        ])
    func names(written: String, name: String) {
        #expect(Architecture(written)?.description == name)
    }

    @Test(
        "a word that can be none is none",
        arguments: [
            "", " ", "x86 64", "64", "_64", "-arm64", "é", "a\n", "a/b", String(repeating: "a", count: 33),
        ])
    func none(written: String) {
        #expect(Architecture(written) == nil)
    }

    @Test("it is a string in JSON, and a string that can be none is an error")
    func json() throws {
        let bytes = try JSON.encode([Architecture.arm64])
        #expect(String(decoding: bytes, as: UTF8.self) == #"["arm64"]"#)
        let read = try JSON.decode([Architecture].self, from: Data(#"["aarch64","amd64"]"#.utf8))
        #expect(read == [.arm64, .amd64] && read.spoken == "arm64, x86_64")
        #expect(throws: DecodingError.self) {
            try JSON.decode([Architecture].self, from: Data(#"["../x"]"#.utf8))
        }
    }
}
