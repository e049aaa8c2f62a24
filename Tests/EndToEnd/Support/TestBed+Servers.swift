import TestBed

extension TestBed {
    /// Kills an sshd whose number is in the file `pid` of that folder, with everybody's session. One that has just been told
    /// to begin anew writes that file in a moment.
    func endServer(in folder: String) async throws {
        let ended = try await run([
            "sh", "-ec",
            """
            until [ -s "$1/pid" ]; do sleep 0.02; done
            pid=$(cat "$1/pid")
            pkill -KILL -P "$pid" || true
            kill -KILL "$pid"
            while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
            """, "sh", folder,
        ])
        guard ended.status == 0 else { throw TestBedError("an SSH server did not end", log: "\(ended)") }
    }
}
