import TestBed
import Testing

/// Copying files, with the programs that people use for that.
@Suite struct CopyingTests {
    /// Every way to copy a file to a builder and back; `$1` is the builder.
    static let ways = [
        ("scp", #"scp -q there "$1:scp-there" && scp -q "$1:scp-there" back"#),
        ("scp -O", #"scp -q -O there "$1:old-there" && scp -q -O "$1:old-there" back"#),
        ("sftp", #"printf 'put there sftp-there\nget sftp-there back\n' | sftp -q -b - "$1""#),
        ("ssh", #"ssh "$1" 'cat >ssh-there' <there && ssh "$1" cat ssh-there >back"#),
    ]

    @Test(arguments: ways) func aFileArrivesAsItWas(name: String, way: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let copied = try await alice.sh(
            """
            cd "$(mktemp -d)"
            head -c 2000000 /dev/urandom >there
            \(way)
            cmp there back
            """, alice.builder(job))
        await expect(copied, status: 0, in: testBed)
    }

    /// Modes, links and odd names included; the second time nothing is left to copy.
    @Test func rsyncTakesATreeBothWays() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let copied = try await alice.sh(
            """
            cd "$(mktemp -d)"
            mkdir -p tree/src 'tree/a name'
            for number in $(seq 50); do head -c 20000 /dev/urandom >"tree/src/$number"; done
            chmod 750 tree/src/7; ln -s src/7 tree/link; touch "tree/a name/ü 'quoted'"
            rsync -a tree/ "$1:rsynced/"
            rsync -a "$1:rsynced/" back/
            diff -r tree back
            [ "$(stat -c %a back/src/7)" = 750 ] && [ -L back/link ]
            rsync -ai tree/ "$1:rsynced/"
            """, alice.builder(job))
        await expect(copied, status: 0, in: testBed)
        #expect(copied.output.isEmpty, "\(copied)")
    }

    /// A repository in the builder: its commits can be cloned.
    @Test func gitClonesARepositoryInTheBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.workshop(testBed)
        let alice = try await Equipped.person(in: testBed)
        let cloned = try await alice.sh(
            """
            cd "$(mktemp -d)"
            git clone -q "$1:repository" && cat repository/file && git -C repository log --format=%s
            """, alice.builder(job))
        await expect(cloned, status: 0, in: testBed)
        #expect(cloned.text == "repaired\nmended\n", "\(cloned)")
    }
}
