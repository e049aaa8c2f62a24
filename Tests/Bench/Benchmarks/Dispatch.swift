import TestBed

/// A complete run of sallyport-dispatch, which sshd starts twice for each login.
enum Dispatch {
    static func measure(_ stage: Stage, contenders: String, _ report: Report) async throws {
        let scratch = stage.scratch
        let compiled = scratch.folder + "/static-c"
        let compiling = try await Command.run([
            "cc", "-O2", "-static", "-o", compiled, "\(contenders)/static.c",
        ])
        guard compiling.status == 0 else { throw TestBedError("cc failed", log: compiling.description) }
        let least = try await scratch.install(compiled)

        // As sshd would fill in `%u %h %t %k`.
        let key = try await stage.testBed.run(["cat", "\(stage.testBed.client)/\(Stage.person).pub"])
        let offer = ["builds", "/home/builds"] + key.text.split(separator: " ").prefix(2).map(String.init)
        let dispatch = "\(scratch.programs)/sallyport-dispatch"
        let any = Contender(name: "dispatch-any", arguments: [dispatch] + offer)
        let configuration = try await writeConfiguration(stage)
        let known = Contender(
            name: "dispatch-known",
            arguments: [dispatch, "--admission", "known", "--config", configuration] + offer)
        // It ends with 0 whatever happens.
        for contender in [any, known] {
            let line = try await Command.run(contender.arguments)
            guard line.text.hasPrefix("restrict,pty,command=") else {
                throw TestBedError("\(contender.name) prints no line", log: "\(line)")
            }
        }
        func comparison(_ contenders: [Contender]) -> Comparison {
            Comparison(contenders: contenders, rounds: 200, runs: 11, unit: "ms", value: { $0 * 1000 })
        }
        // The service goes on with a look-up when the program has ended: whoever came next would pay for it.
        let baseline = try await comparison([Contender(name: "static-c", arguments: [least] + offer), any])
            .run(scratch, report)
        try await comparison([known]).run(scratch, report, against: baseline)
    }

    /// There is no cache: each lookup asks the service.
    private static func writeConfiguration(_ stage: Stage) async throws -> String {
        let path = "\(stage.testBed.folder)/dispatch-known.toml"
        let text = """
            [service]
            url = "unix:\(stage.testBed.folder)/run/api.sock"
            [gateway]
            key_cache = "\(stage.testBed.folder)/nowhere"

            """
        let written = try await stage.testBed.run(["tee", path], input: text)
        guard written.status == 0 else {
            throw TestBedError("no configuration was written", log: "\(written)")
        }
        return path
    }
}
