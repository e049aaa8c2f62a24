import TestBed
import Testing

/// The image that people build in, from `make image-debian`: a Debian on a disk of its own.
@Suite struct ImagesTests {
    @Test func aJobCompilesAProgramThatItsOwnerThenRuns() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian-build
            environment:
              COLOUR: blue
            tasks:
              - compile: |
                  printf '#include <stdio.h>\\nint main(void) { return puts("compiled") < 0; }\\n' >hello.c
                  gcc -Wall -o hello hello.c
                  echo 'int main(void) { return *(volatile int *)0; }' | gcc -g -o crash -x c -
                  git init -q && git add hello.c && git --no-pager diff --cached --stat
              - check: |
                  ./hello
                  mkdir src; cd src; ../crash

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(180))
        await expect(
            log, status: 1,
            output: ["[compile]  hello.c | 2 ++\n", "[check] compiled\n", "task check: exit 139"], in: testBed
        )
        let inside = try await Command.run(
            testBed.ssh([
                "connect", job,
                """
                ./hello && id -un && sudo id -un && echo "$PS1$COLOUR" && apt-cache policy gcc | grep -c Installed
                ls src | sed 's/[0-9]*$/N/'; ulimit -Sc; ulimit -Hn; getent hosts ip6-localhost | cut -d ' ' -f 1; tmux -V
                sudo apt-get install hello 2>&1 | tail -n 1; ls /var/lib/sallyport/job/tasks; stat -c '%a %U' /usr/bin/complete-build; df --output=target . | tail -n 1
                """,
            ]), deadline: .seconds(60))
        await expect(
            inside, status: 0,
            output: [
                "compiled\nbuild\nroot\nblue\n1\ncore.N\n262144\n1048576\n::1\ntmux 3.3a\n",
                "E: Unable to locate package hello\ncheck\ncompile\n755 root\n/\n",
            ], in: testBed)
        try await testBed.endBuilder(of: job)
        // What it has changed was its own.
        let left = try await testBed.run([
            "/bin/sh", "-c", "ls \(testBed.folder)/machine/state/machines/\(job) 2>&1",
        ])
        #expect(!left.text.contains("root") && !left.text.contains("vl."), "\(left)")
    }

    /// The machine stops and waits for space. Neither its files nor its task notice.
    @Test func aFullDiskOfTheHostLosesNothingInABuilder() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(testBed, size: "80m") { runner in
            let submitted = try await runner.submit(
                """
                image: debian-build
                tasks:
                  - write: |
                      set +x
                      for number in $(seq 30); do
                          head -c 1000000 /dev/urandom | tee part >>whole
                          sha256sum <part >>sums
                          sync
                          echo "number $number"
                      done
                      echo 3 | sudo tee /proc/sys/vm/drop_caches >/dev/null
                      for number in $(seq 0 29); do
                          dd if=whole bs=1000000 skip=$number count=1 status=none | sha256sum
                      done | cmp - sums && echo identical

                """)
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "number 3", in: "logs/1/write/log")
            try await runner.fill()
            try await runner.waitUntilStopped("1")
            try await runner.makeRoom()
            try await runner.wait(for: "Z success", in: "logs/1/log")
            let log = try await runner.log("1", "write")
            #expect(log.hasSuffix("number 30\nidentical\n"), "\(log)")
            // The disk was full because of us, not because of the builder's own writing.
            #expect(try await !runner.log("1").contains("the disk of the builder is full"))
        }
    }
}
