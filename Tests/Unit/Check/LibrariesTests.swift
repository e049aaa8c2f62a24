import Foundation
import HelperPrograms
import Testing

@testable import Check

@Suite struct LibrariesTests {
    @Test func whatMendsAPathIsACommand() {
        #expect(TrustedPath.Fault.owner("/x", 1).remedy == "chown --no-dereference root: /x")
        #expect(TrustedPath.Fault.writable("/x", 0o777).remedy == "chmod go-w /x")
    }

    @Test func whatTheLoaderLists() {
        let listed = Libraries.libraries(
            in: """
                \tlinux-vdso.so.1 (0x00007ffd)
                \tlibssh.so.4 => /lib/x86_64-linux-gnu/libssh.so.4 (0x00007f)
                \tlibgone.so.1 => not found
                \t/lib64/ld-linux-x86-64.so.2 (0x00007f)
                """)
        #expect(listed.paths == ["/lib/x86_64-linux-gnu/libssh.so.4", "/lib64/ld-linux-x86-64.so.2"])
        #expect(listed.missing == ["libgone.so.1"])
    }

    @Test(arguments: [
        ("0.10.6", true), ("0.11.2", true), ("1.0", true), ("0.10.5", false), ("0.9.8-3", false),
        ("0.10.6-0+deb12u3", true),
    ])
    func versionsOfLibSSH(version: String, isEnough: Bool) {
        #expect(Libraries.isAtLeast(version, Libraries.floor) == isEnough)
    }

    /// `make` refuses to build with an older one.
    @Test func theMakefileHasTheSameFloor() throws {
        let makefile = URL(filePath: #filePath).appending(path: "../../../../Makefile").standardized
        #expect(
            try String(contentsOf: makefile, encoding: .utf8).contains(
                "\nLIBSSH_FLOOR := \(Libraries.floor)\n"))
    }
}
