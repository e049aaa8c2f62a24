import Subprocess
import TestBed
import Testing

/// A security key that signs without a touch, as `ssh-keygen -O no-touch-required` makes them.
@Suite struct SecurityKeyTests {
    @Test func itLogsInWhereTheAdministratorPermitsIt() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let folder = "\(testBed.client)/touchless"
        // Without the person's usual key, which would be offered too.
        let made = try await Command.run([
            "sh", "-c", "mkdir \"$1\" && sed /IdentityFile/d \"$0/ssh_config\" >\"$1/ssh_config\"",
            testBed.client,
            folder,
        ])
        await expect(made, status: 0, in: testBed)
        @Sendable func ssh(_ words: [String], to gateway: Gateway = .builds, _ options: [String]) -> [String]
        {
            testBed.ssh(words, to: gateway, options: options).map {
                $0.replacing("\(testBed.client)/ssh_config", with: "\(folder)/ssh_config")
            }
        }
        let options = [
            "-o", "IdentityAgent=\(folder)/agent", "-o", "IdentityFile=\(folder)/key.pub", "-o",
            "IdentitiesOnly=yes",
        ]
        _ = try await Command.start([
            "sh", "-c",
            "PYTHONPATH=$(echo \"$1\"/lib/python3*/site-packages) exec python3 \"$2\" \"$3/agent\" \"$3/key.pub\"",
            "sh", "\(Repository.root)/.build/clients", "\(Repository.root)/Tests/Clients/touchless-agent.py",
            folder,
        ]) { agent in
            try await agent.output.wait(for: "ready\n")
            let key = try await Command.run(["cat", "\(folder)/key.pub"])
            let added = try await Command.run(testBed.ssh(["keys", "add"]), input: key.output)
            let word = try #require(added.confirmationWord, "\(added)")
            let refused = try await Command.run(ssh(["whoami"], options))
            await expect(refused, status: 255, errors: ["Permission denied (publickey)"], in: testBed)
            let confirmed = try await Command.run(ssh(["keys", "confirm", word], to: .trusting, options))
            await expect(confirmed, status: 0, output: ["is alice's now."], in: testBed)
            let known = try await Command.run(ssh(["whoami"], to: .trusting, options))
            await expect(known, status: 0, output: ["alice"], in: testBed)

            // Also in the builder, which has not been asked anything.
            let proxy = ssh(["proxy", job], to: .trusting, options)
            let inside = try await Command.run(
                ["ssh", "-F", "none"] + options + [
                    "-o", "ProxyCommand=\(proxy.map { "'\($0)'" }.joined(separator: " "))",
                    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                    "build@job-\(job)", "echo in",
                ])
            await expect(inside, status: 0, output: ["in\n"], in: testBed)
            agent.send(.terminate)
        }
    }
}
