import Glibc
import TestBed
import Testing

/// Builders of an architecture that this host is not, from `make image-debian ARCH=…`.
@Suite struct EmulationTests {
    /// As Debian calls it, and as we do.
    #if arch(arm64)
        private static let (foreign, architecture) = ("amd64", "x86_64")
    #else
        private static let (foreign, architecture) = ("arm64", "arm64")
    #endif
    private static var hasImage: Bool {
        access("\(Repository.images)/\(foreign)/debian-build/vmlinuz", R_OK) == 0
    }

    /// Where nothing can be emulated, `make test` says that this has not run.
    @Test(.enabled(if: EmulationTests.hasImage))
    func aJobOfAnotherArchitectureCompilesAndRunsThere() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian-build
            arch: \(Self.foreign)
            tasks:
              - check: |
                  printf '#include <stdio.h>\\nint main(void) { return puts(sizeof(void *) == 8 ? "compiled" : "") < 0; }\\n' >hello.c
                  gcc -Wall -o hello hello.c
                  ./hello; dpkg --print-architecture; uname -m
                  false

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(300))
        await expect(
            log, status: 1,
            output: [
                "local: the builder is \(Self.architecture), which this host emulates",
                "[check] compiled\n", "[check] \(Self.foreign)\n",
            ], in: testBed)
        let inside = try await Command.run(
            testBed.ssh(["connect", job, "./hello && dpkg --print-architecture"]), deadline: .seconds(60))
        await expect(inside, status: 0, output: ["compiled\n\(Self.foreign)\n"], in: testBed)
        try await testBed.endBuilder(of: job)
    }
}
