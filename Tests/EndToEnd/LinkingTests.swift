import TestBed
import Testing

/// What the three small programs carry with them: sshd checks neither libraries nor interpreters.
@Suite struct LinkingTests {
    @Test(arguments: ["sallyport-dispatch", "sallyport-lookup"])
    func whatLooksAtEveryKeyIsStatic(program: String) async throws {
        let headers = try await readelf("-lW", program)
        #expect(headers.contains("LOAD") && !headers.contains("INTERP"), "\(headers)")
        #expect(try await needed(program).isEmpty)
    }

    /// Embedded Swift: the runtime, with what it does before the first line, is not there.
    @Test func theDispatcherHasNoRuntime() async throws {
        let symbols = try await readelf("-sW", "sallyport-dispatch")
        #expect(symbols.contains(" sallyport_dispatch_main"), "there are no symbols")
        let found = symbols.split(separator: "\n").filter { $0.contains(" $sS") || $0.contains("metadata") }
        #expect(found.isEmpty, "\(found.prefix(5))")
    }

    /// glibc would load modules for them, which a static program cannot.
    @Test func nobodyAsksForAccounts() async throws {
        let symbols = try await readelf("-sW", "sallyport-lookup").split(separator: "\n")
        #expect(symbols.contains { $0.hasSuffix(" getpwnam_r") }, "the one of CNoAccounts")
        let found = symbols.filter { line in
            ["__nss_", " getaddrinfo", " getpwnam"].contains { line.contains($0) }
                && !line.hasSuffix(" getpwnam_r")
        }
        #expect(found.isEmpty, "\(found.prefix(5))")
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
    @Test(arguments: ["sallyport-lookup", "sallyport-shell"])
    func noFoundationAndNoICU(program: String) async throws {
        let symbols = try await readelf("-sW", program).split(separator: "\n")
        // What is looked for could be seen.
        #expect(symbols.contains { $0.contains(" $sS") }, "there are no symbols of Swift's own")
        let found = symbols.filter { $0.contains(" $s10Foundation") || $0.contains(" icudt") }
        #expect(found.isEmpty, "\(found.prefix(5))")
    }

    /// Neither a path in which someone could put a library, nor one of a toolchain that is not where it is installed.
    @Test(arguments: [
        "sallyport-dispatch", "sallyport-lookup", "sallyport-shell", "sallyport-runner",
        "sallyport-hosts", "sallyport-resalloc", "sallyport-slurm", "sallyport-machine", "sallyport",
    ])
    func nothingSaysWhereToLookForLibraries(program: String) async throws {
        let section = try await readelf("-dW", program)
        #expect(!section.contains("RUNPATH") && !section.contains("RPATH"), "\(section)")
        #expect(!section.contains("libswift"), "\(section)")
    }

    @Test func theRunnerNeedsNoHTTPClient() async throws {
        let needed = try await needed("sallyport-runner")
        #expect(
            needed.contains("libsqlite3.so.0") && !needed.contains { $0.hasPrefix("libcurl") }, "\(needed)")
    }

    @Test(arguments: [
        "sallyport-dispatch", "sallyport-lookup", "sallyport-shell", "sallyport-runner",
        "sallyport-hosts", "sallyport-resalloc", "sallyport-slurm", "sallyport-machine", "sallyport",
    ])
    func everyProgramSaysWhichVersionItIs(program: String) async throws {
        let version = try await Command.run([Repository.programs + "/\(program)", "--version"])
        #expect(version.status == 0, "\(version)")
        let line = try #require(
            version.text.wholeMatch(of: /(\S+) ([0-9]+\.[0-9]+)( \([0-9a-f]{12}(-dirty)?\))?\n/))
        #expect(line.1 == program)
    }

    private func needed(_ program: String) async throws -> [String] {
        try await readelf("-dW", program).split(separator: "\n").filter { $0.contains("(NEEDED)") }
            .compactMap { $0.split(separator: "[").last?.split(separator: "]").first.map(String.init) }
    }

    /// What readelf(1) says of a program as it was built; throws if it says nothing.
    private func readelf(_ option: String, _ program: String) async throws -> String {
        let said = try await Command.run(["readelf", option, "\(Repository.programs)/\(program)"])
        guard said.status == 0, !said.output.isEmpty else {
            throw TestBedError("readelf failed", log: "\(said)")
        }
        return said.text
    }
}
