import TestBed
import Testing

/// The demo, and so the test bed, on a machine on which Sallyport is installed and running.
@Suite struct InstalledDemoTests {
    @Test func theDemoPassesThereAndChangesNothing() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            try await machine.startRunner()
            let shown = try await machine.run(
                """
                everything() {
                    sallyport jobs
                    sallyport keys list
                    # A folder's time tells only that something came and went; SQLite's readers leave marks in their -shm.
                    find /etc /usr/local /run /tmp /var/lib -xdev \\
                        \\( -type d -o -name '*-shm' \\) -printf '%p %y %m %u %g %i\\n' \\
                        -o -printf '%p %y %m %u %g %i %T@ %l\\n' | sort
                }
                ssh-keygen -q -t ed25519 -N '' -f /tmp/alice
                sallyport keys add alice /tmp/alice.pub
                before=$(everything)
                CI=1 \(machine.programs)/sallyport-demo --programs \(machine.programs) --images \(machine.source)/.build/images \\
                    --drop-in \(machine.source)/sshd_config.d/50-sallyport.conf
                diff - <(everything) <<<"$before" && echo unchanged
                """, deadline: 180)
            await expect(
                shown, status: 0, output: ["Ending everything", "\nunchanged\n"], in: testBed)
        }
    }
}
