import TestBed

/// Measures the processes of sallyport-shell, with /proc.
enum ForcedCommands {
    /// Runs `script` in the /proc folder of each process, and returns the number at the beginning of each line.
    static func read(_ script: String, in testBed: TestBed) async throws -> [Double] {
        let answer = try await testBed.run([
            "/bin/sh", "-c",
            """
            for name in $(grep -lx sallyport-shell /proc/[0-9]*/comm); do
                cd "${name%/comm}" && \(script)
            done
            """,
        ])
        guard answer.status == 0 else {
            throw TestBedError("/proc could not be read", log: answer.description)
        }
        return answer.text.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first.flatMap { Double($0) }
        }
    }
}
