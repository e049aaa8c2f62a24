import Testing
import World

/// What the two small programs carry with them: sshd checks neither libraries nor interpreters.
@Suite struct LinkingTests {
    @Test func theDispatcherIsStatic() async throws {
        let headers = try await Command.run(["readelf", "-lW", "\(Repository.programs)/sallyport-dispatch"])
        #expect(headers.status == 0 && !headers.text.contains("INTERP"), "\(headers)")
        #expect(try await needed("sallyport-dispatch").isEmpty)
    }

    @Test func theShellNeedsOnlyWhatItMay() async throws {
        let allowed: Set<String> = [
            "libssh.so.4", "libcurl.so.4", "libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1",
            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
        ]
        let needed = try await needed("sallyport-shell")
        #expect(Set(needed).subtracting(allowed).isEmpty, "\(needed)")
        #expect(needed.contains("libssh.so.4") && needed.contains("libcurl.so.4"), "\(needed)")
    }

    /// Foundation proper brings ICU, which is larger than everything else together; FoundationEssentials does not.
    @Test(arguments: ["sallyport-dispatch", "sallyport-shell"])
    func noFoundationAndNoICU(program: String) async throws {
        let counted = try await Command.run([
            "sh", "-c", #"readelf -sW "$1" | grep -cE ' (\$s10Foundation|icudt)'; exit 0"#, "sh",
            "\(Repository.programs)/\(program)",
        ])
        #expect(counted.text == "0\n", "\(counted)")
    }

    private func needed(_ program: String) async throws -> [String] {
        let section = try await Command.run(["readelf", "-dW", "\(Repository.programs)/\(program)"])
        #expect(section.status == 0, "\(section)")
        return section.text.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap { line in
            line.split(separator: "[").last?.split(separator: "]").first.map(String.init)
        }
    }
}
