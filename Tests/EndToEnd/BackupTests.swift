import TestBed
import Testing

/// `sallyport-runner backup`, and the way back that docs/administration.md describes.
@Suite struct BackupTests {
    private static let runner = "/usr/local/libexec/sallyport/sallyport-runner"

    @Test("a backup is made while the runner works, and brings everything back") func restored() async throws
    {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            try await machine.start()
            let made = try await machine.run(
                """
                sallyport keys add alice /tmp/alice.pub >/dev/null
                ssh-keygen -q -t ed25519 -N '' -f /run/bob
                cd /run && \(Self.runner) backup state.tar
                stat -c '%a' /run/state.tar
                tar -tf /run/state.tar | grep -c -e '^./runner.sqlite$' -e '^./host_authority$' -e '^./identity$'
                ! tar -tf /run/state.tar | grep -e sqlite-wal -e '^./images'
                ls /run | grep -c 'state.tar\\.' || :
                sallyport keys add bob /run/bob.pub >/dev/null
                """)
            await expect(
                made, status: 0, output: ["The backup is /run/state.tar, ", "\n600\n3\n", "\n0\n"],
                in: testBed)

            let restored = try await machine.run(
                """
                cp /var/lib/sallyport/host_authority.pub /run/authority
                kill "$(cat /run/runner.pid)"
                while [ -e "/proc/$(cat /run/runner.pid)" ]; do sleep 0.05; done
                \(Self.runner) drain
                mv /var/lib/sallyport /var/lib/sallyport.old
                install -d -o sallyport -g sallyport -m 0750 /var/lib/sallyport
                tar -xpf /run/state.tar -C /var/lib/sallyport
                """)
            await expect(restored, status: 0, in: testBed)
            try await machine.startRunner()
            let back = try await machine.run(
                """
                \(InstalledMachine.ssh) whoami
                sallyport people list --json | grep -c bob || :
                cmp /run/authority /var/lib/sallyport/host_authority.pub && echo same
                stat -c '%U %a' /var/lib/sallyport/runner.sqlite
                """)
            await expect(
                back, status: 0, output: ["alice, with the key", "\n0\n", "same\n", "sallyport 6"],
                in: testBed)

            let failed = try await machine.run(
                """
                \(Self.runner) backup /nowhere/state.tar || echo "status $?"
                mkdir /run/full && mount -t tmpfs -o size=16k none /run/full
                \(Self.runner) backup /run/full/state.tar || echo "status $?"
                ls -A /run/full
                umount /run/full
                """)
            await expect(
                failed, status: 0, output: ["status 69\nstatus 69\n"],
                errors: [
                    "sallyport-runner: /nowhere/state.tar cannot be made: No such file or directory.\n",
                    "sallyport-runner: The database cannot be copied: ",
                ], in: testBed)
        }
    }
}
